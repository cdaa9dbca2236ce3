// Permissions: the tools, resources and prompts that a caller may see and use, and its rights in
// the sidecar. Plain data; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::config {

// Patterns of fnmatch(3) on whole names: * ? [abc]; case-sensitive.
struct NameRules {
  static constexpr std::size_t kMaxName = 4096;

  std::vector<std::string> allow;  // empty: everything
  std::vector<std::string> deny;   // takes precedence over `allow`

  bool empty() const { return allow.empty() && deny.empty(); }
  // If there are rules, names that hold a NUL or are longer than kMaxName are not allowed.
  bool allows(std::string_view name) const;
  bool operator==(const NameRules&) const = default;
};

struct Permissions {
  NameRules tools;         // by name
  NameRules resources;     // by URI, or URI template
  NameRules prompts;       // by name
  bool read_only = false;  // only tools that are annotated with readOnlyHint
  bool admin = false;      // may restart the server, and see and end sessions of others
  bool metrics = false;    // may read the metrics, which name tools; so may administrators

  // True if anything of the wrapped server is withheld.
  bool restricts() const {
    return read_only || !tools.empty() || !resources.empty() || !prompts.empty();
  }
  bool operator==(const Permissions&) const = default;
};

}  // namespace sidecar::config
