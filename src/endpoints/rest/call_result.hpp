// CallResult: the members of a CallToolResult that REST answers are made of. Views of the answer,
// which outlives them. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "mux/core/call.hpp"
#include "util/result.hpp"

namespace sidecar::endpoints {

struct CallResult {
  std::string_view content = "[]";  // array
  std::string_view structured{};    // empty: none
  bool failed = false;              // the tool reports a failure

  // `answer`: a kResult, padded. Errors: the result is not an object, is ambiguous, or gives
  // nothing but content that is not an array.
  static Result<CallResult> of(const mux::Answer& answer);

  std::string_view body() const { return structured.empty() ? content : structured; }
  // The texts of the content, joined by newlines; empty: there are none.
  std::string text() const;
  // The same, for a failure without a text too.
  std::string failure() const;

 private:
  std::string_view other_{};  // content that is not an array
};

}  // namespace sidecar::endpoints
