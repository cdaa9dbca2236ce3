// REST answers: how REST endpoints say what came of a call: {"success":true,…},
// {"success":false,"error":"…"}. No state.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "mux/core/call.hpp"

namespace sidecar::endpoints {

http::Response json_answer(std::string body, int status = 200);

// {"success":false,"error":"…"}; `more`: further members, each with a comma before it.
std::string failure_text(std::string_view message, std::string_view more = {});

// Of a call without a result: 401 where the key no longer holds; 403 forbidden; 504 timed out; 429
// too many of all clients together, and 503 while no child takes calls, both with Retry-After; else
// 500.
http::Response failure_answer(const mux::Answer& answer);
// A failure of the sidecar's own: 500.
mux::Answer own_failure(std::string_view message);

// The answer that `body` makes, with `digest` as its ETag; 304 for a client that has it already.
http::Response tagged(const http::Request& request, std::string_view digest,
                      const std::function<std::string()>& body);

}  // namespace sidecar::endpoints
