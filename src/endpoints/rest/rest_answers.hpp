// REST answers: HTTP responses of the REST endpoints, {"success":true,…} or
// {"success":false,"error":"…"}. No state.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "mux/core/call.hpp"

namespace sidecar::endpoints {

http::Response json_answer(std::string body, int status = 200);

// {"success":false,"error":"…"}; `more`: further members, each preceded by a comma.
std::string failure_text(std::string_view message, std::string_view more = {});

// For a call without a result: 401 if the key is gone; 403 if forbidden; 504 after a timeout; 429
// if all clients together exceed the rate limit, and 503 if the child died or takes no calls or a
// limit of calls is reached, both with Retry-After; else 500 (endpoints/outcome_status.hpp).
http::Response failure_answer(const mux::Answer& answer);
// An internal error of the sidecar: 500.
mux::Answer own_failure(std::string_view message);

// The refusal of a form in place of JSON: 415; nullopt: the body is not one. The content type alone
// does not decide, because curl labels every body as a form.
std::optional<http::Response> refused_form(const http::Request& request);

// The response with `body()` and the ETag `digest`; 304 if If-None-Match names this ETag.
http::Response tagged(const http::Request& request, std::string_view digest,
                      const std::function<std::string()>& body);

}  // namespace sidecar::endpoints
