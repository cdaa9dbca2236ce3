// TraceContext: where a request belongs in somebody's trace (W3C Trace Context, level 1, section
// 3). Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sidecar::observe {

struct TraceContext {
  static constexpr std::size_t kMaxState = 512;  // bytes of tracestate; longer ones are left out

  std::string parent;  // value of traceparent; empty: none
  std::string state;   // value of tracestate; empty: none

  // Of the values of the two fields. One that is malformed counts as not there; without a parent
  // there is no state.
  static TraceContext from(std::string_view parent, std::string_view state);

  bool operator==(const TraceContext&) const = default;

  explicit operator bool() const { return !parent.empty(); }
  // 32 hex digits; empty: none.
  std::string_view trace_id() const {
    return std::string_view(parent).substr(parent.empty() ? 0 : 3, 32);
  }
};

}  // namespace sidecar::observe
