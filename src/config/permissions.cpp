#include "config/permissions.hpp"

#include <algorithm>
#include <fnmatch.h>

namespace sidecar::config {
namespace {

// BOUNDED STACK: glibc's fnmatch recurses only for the last star that it has met, not for each.
bool any_matches(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(), [&name](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
  });
}

}  // namespace

bool NameRules::allows(std::string_view name) const {
  if (empty()) return true;
  if (name.size() > kMaxName || name.find('\0') != std::string_view::npos) return false;
  const std::string text(name);
  return !any_matches(deny, text) && (allow.empty() || any_matches(allow, text));
}

}  // namespace sidecar::config
