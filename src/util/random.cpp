#include "util/random.hpp"

#include <cstdlib>
#include <openssl/rand.h>
#include <vector>

#include "util/hex.hpp"

namespace sidecar {

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> raw(bytes);
  if (RAND_bytes(raw.data(), static_cast<int>(raw.size())) != 1) std::abort();
  return hex(raw);
}

}  // namespace sidecar
