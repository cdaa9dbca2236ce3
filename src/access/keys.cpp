#include "access/keys.hpp"

#include <cstdlib>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace sidecar::access {

Keys::Keys(const std::vector<config::Key>& keys) {
  for (const config::Key& key : keys) keys_.push_back({key.name, hash_of(key.secret)});
}

Keys::Hash Keys::hash_of(std::string_view secret) {
  Hash hash{};
  if (EVP_Digest(secret.data(), secret.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
    std::abort();
  return hash;
}

const std::string* Keys::find(std::string_view secret) const {
  const Hash hash = hash_of(secret);
  const std::string* name = nullptr;
  for (const Entry& entry : keys_) {
    if (CRYPTO_memcmp(hash.data(), entry.hash.data(), hash.size()) == 0) name = &entry.name;
  }
  return name;
}

}  // namespace sidecar::access
