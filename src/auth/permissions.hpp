// Permissions: the tools, resources and prompts that a caller may see and use, and its rights in
// the sidecar. Plain data; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <fnmatch.h>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::auth {

// Patterns of fnmatch(3) on whole names: * ? [abc]; case-sensitive.
struct NameRules {
  static constexpr std::size_t kMaxName = 4096;

  std::vector<std::string> allow;  // empty: everything
  std::vector<std::string> deny;   // takes precedence over `allow`

  bool empty() const { return allow.empty() && deny.empty(); }
  // If there are rules, names that hold a NUL or are longer than kMaxName are not allowed.
  bool allows(std::string_view name) const {
    if (empty()) return true;
    if (name.size() > kMaxName || name.find('\0') != std::string_view::npos) return false;
    const std::string text(name);
    return !any_matches(deny, text) && (allow.empty() || any_matches(allow, text));
  }
  bool operator==(const NameRules&) const = default;

 private:
  // BOUNDED STACK: glibc's fnmatch recurses only for the last star that it has met, not for each.
  static bool any_matches(const std::vector<std::string>& patterns, const std::string& name) {
    return std::any_of(patterns.begin(), patterns.end(), [&name](const std::string& pattern) {
      return ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
    });
  }
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

}  // namespace sidecar::auth
