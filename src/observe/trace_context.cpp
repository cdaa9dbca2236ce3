#include "observe/trace_context.hpp"

#include <algorithm>

namespace sidecar::observe {
namespace {

constexpr std::size_t kParentSize = 55;  // 00-<32>-<16>-<2>

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// An id of zeros only is invalid.
bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != text.npos;
}

// W3C Trace Context, section 3.2.4: later versions may append fields to those of version 00.
bool is_parent(std::string_view text) {
  if (text.size() < kParentSize || text[2] != '-' || text[35] != '-' || text[52] != '-')
    return false;
  const std::string_view version = text.substr(0, 2);
  if (!is_hex(version) || version == "ff") return false;
  if (version == "00" ? text.size() != kParentSize
                      : text.size() > kParentSize && text[kParentSize] != '-')
    return false;
  return is_id(text.substr(3, 32)) && is_id(text.substr(36, 16)) && is_hex(text.substr(53, 2));
}

bool is_state(std::string_view text) {
  return text.size() <= TraceContext::kMaxState &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

TraceContext TraceContext::from(std::string_view parent, std::string_view state) {
  if (!is_parent(parent)) return {};
  return {std::string(parent.substr(0, kParentSize)),
          is_state(state) ? std::string(state) : std::string()};
}

}  // namespace sidecar::observe
