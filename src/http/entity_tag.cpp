#include "http/entity_tag.hpp"

namespace sidecar::http {

bool names_tag(std::string_view list, std::string_view tag) {
  if (list == "*") return true;
  for (std::size_t at = list.find(tag); at != std::string_view::npos; at = list.find(tag, at + 1)) {
    const std::string_view before = list.substr(0, at);
    if (before.empty() || before.ends_with("W/") || before.ends_with(' ') || before.ends_with(','))
      return true;
  }
  return false;
}

}  // namespace sidecar::http
