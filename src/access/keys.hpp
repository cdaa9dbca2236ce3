// Keys: the API keys that are accepted, each with a name, an expiry and permissions. Holds hashes
// only. A look-up takes the same time for every wrong key. Owned by Gate; loop thread only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/permissions.hpp"

namespace sidecar::access {

using WallTime = std::chrono::system_clock::time_point;
using KeyHash = std::array<unsigned char, 32>;  // SHA-256 of the key

KeyHash hash_of(std::string_view secret);

struct StoredKey {
  std::string name;  // the owner; several keys may share it
  KeyHash hash{};
  // In seconds, because WallTime cannot hold every time that a keys file can.
  std::optional<std::chrono::sys_seconds> expires;
  std::shared_ptr<const auth::Permissions> permissions = std::make_shared<auth::Permissions>();

  // Distinguishes keys of one name; not secret.
  std::uint64_t fingerprint() const;
  bool expired(WallTime now) const {
    return expires && *expires <= std::chrono::floor<std::chrono::seconds>(now);
  }
};

class Keys {
 public:
  explicit Keys(std::vector<StoredKey> keys) : keys_(std::move(keys)) {}

  std::size_t size() const { return keys_.size(); }
  // nullptr if `secret` is not a key. Compares with every key in any case. The result may have
  // expired.
  const StoredKey* find(std::string_view secret) const;
  // The key with this name and fingerprint, or nullptr. It may have expired.
  const StoredKey* find(std::string_view name, std::uint64_t fingerprint) const;
  // True if a key of this name is valid.
  bool has_owner(std::string_view name, WallTime now) const;
  // The permissions of the key with this name and fingerprint. If that key is gone or expired: the
  // permissions of every valid key of the name.
  std::vector<std::shared_ptr<const auth::Permissions>> permissions_of(std::string_view name,
                                                                       std::uint64_t fingerprint,
                                                                       WallTime now) const;
  // True if both hold the same pairs of name and permissions, each equally often.
  bool permit_as(const Keys& others) const;
  // True if a valid key of this name is an administrator's.
  bool has_admin(std::string_view name, WallTime now) const;

 private:
  std::vector<StoredKey> keys_;
};

}  // namespace sidecar::access
