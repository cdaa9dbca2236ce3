// TraceContext: the position of a request in a distributed trace (W3C Trace Context, level 1,
// section 3). A plain value: any thread.
#pragma once

#include <string>
#include <string_view>

namespace sidecar::observe {

struct TraceContext {
  static constexpr std::size_t kMaxState = 512;  // bytes; a longer tracestate is dropped

  std::string parent;  // value of traceparent; empty: none
  std::string state;   // value of tracestate; empty: none

  // Parses the values of traceparent and tracestate. Malformed values count as absent; without a
  // parent there is no state.
  static TraceContext from(std::string_view parent, std::string_view state);

  bool operator==(const TraceContext&) const = default;

  explicit operator bool() const { return !parent.empty(); }
  // 32 hex digits; empty: none.
  std::string_view trace_id() const {
    return std::string_view(parent).substr(parent.empty() ? 0 : 3, 32);
  }
};

}  // namespace sidecar::observe
