// Permissions: what of the wrapped server a caller may see and use. Plain data; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::config {

// Patterns of fnmatch(3) on whole names: * ? [abc]; upper and lower case differ.
struct NameRules {
  static constexpr std::size_t kMaxName = 4096;

  std::vector<std::string> allow;  // empty: everything
  std::vector<std::string> deny;   // goes before `allow`

  bool empty() const { return allow.empty() && deny.empty(); }
  // While there are rules, a name that holds NUL or is longer than kMaxName is not allowed.
  bool allows(std::string_view name) const;
  bool operator==(const NameRules&) const = default;
};

struct Permissions {
  NameRules tools;         // by name
  NameRules resources;     // by URI, or URI template
  NameRules prompts;       // by name
  bool read_only = false;  // of the tools only those that are annotated with readOnlyHint
  bool admin = false;      // may restart the server, see and end the sessions of others
  bool metrics = false;    // may read the metrics, which name tools; an administrator may too

  // Whether anything of the wrapped server is withheld.
  bool restricts() const {
    return read_only || !tools.empty() || !resources.empty() || !prompts.empty();
  }
  bool operator==(const Permissions&) const = default;
};

}  // namespace sidecar::config
