#include "util/hash.hpp"

#include <openssl/sha.h>

#include "util/hex.hpp"

namespace sidecar {

std::string sha256_hex(std::string_view data) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest);
  return hex(digest);
}

}  // namespace sidecar
