// Keys: which secrets open the door, and under which name. Comparison takes the same time for every wrong
// key. Holds hashes only. Owned by Gate; loop thread only.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace sidecar::access {

class Keys {
 public:
  explicit Keys(const std::vector<config::Key>& keys);

  bool empty() const { return keys_.empty(); }
  // The name of the key; nullptr when `secret` is none. Looks at every key, whatever the result.
  const std::string* find(std::string_view secret) const;

 private:
  using Hash = std::array<unsigned char, 32>;  // SHA-256
  struct Entry {
    std::string name;
    Hash hash;
  };
  static Hash hash_of(std::string_view secret);

  std::vector<Entry> keys_;
};

}  // namespace sidecar::access
