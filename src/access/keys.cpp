#include "access/keys.hpp"

#include <algorithm>
#include <cstdlib>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace sidecar::access {

KeyHash hash_of(std::string_view secret) {
  KeyHash hash{};
  if (EVP_Digest(secret.data(), secret.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
    std::abort();
  return hash;
}

std::uint64_t StoredKey::fingerprint() const {
  std::uint64_t print = 0;
  std::copy_n(hash.begin(), sizeof print, reinterpret_cast<unsigned char*>(&print));
  return print;
}

const StoredKey* Keys::find(std::string_view secret) const {
  const KeyHash hash = hash_of(secret);
  const StoredKey* found = nullptr;
  for (const StoredKey& key : keys_) {
    if (CRYPTO_memcmp(hash.data(), key.hash.data(), hash.size()) == 0) found = &key;
  }
  return found;
}

const StoredKey* Keys::find(std::string_view name, std::uint64_t fingerprint) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const StoredKey& key) {
    return key.name == name && key.fingerprint() == fingerprint;
  });
  return found == keys_.end() ? nullptr : &*found;
}

bool Keys::has_owner(std::string_view name, WallTime now) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const StoredKey& key) { return key.name == name && !key.expired(now); });
}

std::vector<std::shared_ptr<const auth::Permissions>> Keys::permissions_of(
    std::string_view name, std::uint64_t fingerprint, WallTime now) const {
  std::vector<std::shared_ptr<const auth::Permissions>> all;
  for (const StoredKey& key : keys_) {
    if (key.name != name || key.expired(now)) continue;
    if (key.fingerprint() == fingerprint) return {key.permissions};
    all.push_back(key.permissions);
  }
  return all;
}

bool Keys::permit_as(const Keys& others) const {
  return std::is_permutation(keys_.begin(), keys_.end(), others.keys_.begin(), others.keys_.end(),
                             [](const StoredKey& a, const StoredKey& b) {
                               return a.name == b.name && *a.permissions == *b.permissions;
                             });
}

bool Keys::has_admin(std::string_view name, WallTime now) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](const StoredKey& key) {
    return key.name == name && !key.expired(now) && key.permissions->admin;
  });
}

}  // namespace sidecar::access
