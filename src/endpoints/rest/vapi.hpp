// VAPI: the messages that VAPI posts to the server URL of a Function Tool, and the answer to one
// that calls tools. Knows nothing of HTTP. No state; any thread.
//
//   {"message":{"type":"tool-calls","toolCallList":[{"id","name","arguments"},…],…}}
//   → {"results":[{"toolCallId":id,"result":"one line of text"} or {"toolCallId":id,"error":…},…]}
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpoints/rest/call_body.hpp"
#include "mux/core/call.hpp"

namespace sidecar::endpoints {

// Calls of one message. A message with more is refused.
inline constexpr std::size_t kMaxVapiCalls = 100;
// UTF-16 units of one result; the rest is cut.
inline constexpr std::size_t kMaxVapiResult = 64 << 10;

struct VapiCall {
  std::string id;  // token; "null" if there is none
  Result<NamedCall> call;
};

struct VapiMessage {
  enum class Kind {
    kCalls,         // toolCallList, toolCalls or toolWithToolCallList
    kFunctionCall,  // the older function-call, of one function
    kOther,         // calls nothing
  };
  Kind kind = Kind::kOther;
  std::vector<VapiCall> calls{};
};

// nullopt: the body, padded, is not a message of VAPI. Errors: it is one that cannot be read; the
// message for the client.
Result<std::optional<VapiMessage>> read_vapi_message(const std::string& body);

// The member that tells how one call ended: "result":"…" or "error":"…".
std::string vapi_outcome(mux::Answer answer);
std::string vapi_error(std::string_view problem);

// The answer to the message; `outcomes` in the order of its calls.
std::string vapi_answer(const VapiMessage& message, const std::vector<std::string>& outcomes);

}  // namespace sidecar::endpoints
