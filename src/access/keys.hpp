// Keys: which secrets open the door, under which name, until when, and what they may. Comparison
// takes the same time for every wrong key. Holds hashes only. Owned by Gate; loop thread only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/permissions.hpp"

namespace sidecar::access {

using WallTime = std::chrono::system_clock::time_point;
using KeyHash = std::array<unsigned char, 32>;  // SHA-256 of the key

KeyHash hash_of(std::string_view secret);

struct StoredKey {
  std::string name;  // of the owner: several keys may share it
  KeyHash hash{};
  // whole seconds reach beyond what WallTime can hold
  std::optional<std::chrono::sys_seconds> expires;
  std::shared_ptr<const config::Permissions> permissions = std::make_shared<config::Permissions>();

  // Tells the keys of one name apart; no secret.
  std::uint64_t fingerprint() const;
  bool expired(WallTime now) const {
    return expires && *expires <= std::chrono::floor<std::chrono::seconds>(now);
  }
};

class Keys {
 public:
  explicit Keys(std::vector<StoredKey> keys) : keys_(std::move(keys)) {}

  std::size_t size() const { return keys_.size(); }
  // nullptr when `secret` is none. Looks at every key, whatever the result. The key may have
  // expired.
  const StoredKey* find(std::string_view secret) const;
  // Whether a key of this name holds.
  bool has_owner(std::string_view name, WallTime now) const;
  // The permissions of the key with this name and fingerprint. If that key is gone or expired: the
  // permissions of every valid key of the name.
  std::vector<std::shared_ptr<const config::Permissions>> permissions_of(std::string_view name,
                                                                         std::uint64_t fingerprint,
                                                                         WallTime now) const;
  // Whether there are as many keys of each name with the same permissions here and there.
  bool permit_as(const Keys& others) const;
  // Whether one of these may administrate.
  bool has_admin(std::string_view name, WallTime now) const;

 private:
  std::vector<StoredKey> keys_;
};

}  // namespace sidecar::access
