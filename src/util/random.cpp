#include "util/random.hpp"

#include <cstdlib>
#include <unistd.h>
#include <vector>

#include "util/hex.hpp"

namespace sidecar {

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> raw(bytes);
  if (::getentropy(raw.data(), raw.size()) != 0) std::abort();
  return hex(raw);
}

}  // namespace sidecar
