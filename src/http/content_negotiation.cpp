#include "http/content_negotiation.hpp"

#include <algorithm>

namespace sidecar::http {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Removes the text before the next `separator` from the front and returns it trimmed.
std::string_view next(std::string_view& rest, char separator) {
  const std::string_view part = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return trimmed(part);
}

// How specific a media range is for `type`: 3 the type itself, 2 "text/*", 1 "*/*", 0 no match.
int fit(std::string_view range, std::string_view type) {
  if (same_name(range, type)) return 3;
  if (range == "*/*" || range == "*") return 1;
  const std::size_t slash = type.find('/');
  return range.size() == slash + 2 && range.ends_with("/*") &&
                 same_name(range.substr(0, slash), type.substr(0, slash))
             ? 2
             : 0;
}

// "0", "0.", "0.000": not acceptable.
bool is_zero(std::string_view weight) {
  return !weight.empty() && weight.find_first_not_of("0.") == std::string_view::npos;
}

// Whether the most specific matching range in the fields of that name has a weight above 0.
// `fit`: returns how specific a range is; 0: no match.
template <class Fit>
bool allows(const Head& head, std::string_view name, Fit fit) {
  int best = 0;
  bool allowed = false;
  head.fields.for_each(name, [&](std::string_view ranges) {
    while (!ranges.empty()) {
      std::string_view parameters = next(ranges, ',');
      const int specific = fit(next(parameters, ';'));
      if (specific <= best) continue;
      best = specific;
      allowed = true;
      while (!parameters.empty()) {
        std::string_view value = next(parameters, ';');
        if (same_name(next(value, '='), "q")) allowed = !is_zero(trimmed(value));
      }
    }
  });
  return allowed;
}

}  // namespace

bool is_type(std::string_view content_type, std::string_view type) {
  return same_name(next(content_type, ';'), type);
}

bool accepts(const Head& head, std::string_view type) {
  return !head.fields.find("Accept") ||
         allows(head, "Accept", [type](std::string_view range) { return fit(range, type); });
}

bool accepts_by_name(const Head& head, std::string_view type) {
  return allows(head, "Accept",
                [type](std::string_view range) { return same_name(range, type) ? 1 : 0; });
}

bool accepts_coding(const Head& head, std::string_view coding) {
  return allows(head, "Accept-Encoding", [coding](std::string_view range) {
    if (same_name(range, coding)) return 2;
    return range == "*" ? 1 : 0;
  });
}

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
