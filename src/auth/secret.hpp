// Secret: the one secret of the sidecar, from which each use derives a key of its own. Never leaves
// the process. A plain value: any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sidecar::auth {

class Secret {
 public:
  static constexpr std::size_t kMinLength = 24;  // characters of a value

  // `values`: the first one signs, all verify. REQUIRES: at least one. `scope` separates sidecars
  // that read the same values: their keys differ. Empty: they share their keys, as replicas do.
  explicit Secret(std::vector<std::string> values, std::string scope = {});

  // The keys of one use, in the order of the values. HKDF with SHA-256 (RFC 5869); `label` names
  // the use.
  std::vector<std::string> keys(std::string_view label) const;

 private:
  std::vector<std::string> values_;
  std::string scope_;
};

}  // namespace sidecar::auth
