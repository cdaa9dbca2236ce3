// Request and Response as handlers see them, without any type of the HTTP libraries.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/head_fields.hpp"
#include "observe/caller.hpp"
#include "util/fields.hpp"
#include "util/route_rules.hpp"

namespace sidecar::http {

// The head of a request, before any byte of its body is kept.
struct Head {
  std::string method;  // as sent, e.g. "GET"
  // Percent-decoded, without the query. If it has a route: also without a slash behind the route's
  // fixed path, and without the path of the public URL (Server::serve_below).
  std::string path;
  std::string query;  // raw, without '?'
  HeadFields fields;
  std::string peer_address;     // of the TCP connection, as text
  unsigned version = 11;        // 10 or 11
  RouteRules rules = kNoRoute;  // of its route
  // The path has a route, but none for this method: 405 if the head check admits the request.
  bool method_not_allowed = false;

  // The value of a field; empty: absent.
  std::string_view header(std::string_view name) const;
  // The values of all fields of that name, joined by commas (RFC 9110, section 5.3).
  std::string list_header(std::string_view name) const;
  // The percent-decoded value of a query parameter; not decoded if it has a malformed escape.
  std::optional<std::string> query_value(std::string_view name) const;
};

// Bytes of capacity after a body, for simdjson (64) and for an id that becomes longer.
inline constexpr std::size_t kBodyPadding = 128;

struct Request : Head {
  // Without a content coding and a byte order mark. At least 64 bytes of capacity follow the text.
  std::string body;
  // Shared with the session, which keeps it longer than the request.
  std::shared_ptr<const observe::Caller> caller;
};

struct Response {
  int status = 200;
  std::string body{};
  std::string_view lasting_body{};  // sent instead of `body`, not copied; outlives the server
  // Static text; not sent without a body.
  std::string_view content_type = "application/json";
  Fields fields{};  // further header fields

  std::size_t body_size() const { return lasting_body.empty() ? body.size() : lasting_body.size(); }
};

// The body {"error":"<reason phrase>","message":"<message>"}, for every error without a format of
// its own. `retry_after` adds "retryAfter" and the field Retry-After; `budget` adds "budget", the
// rate limit that is used up.
Response error_response(int status, std::string_view message,
                        std::optional<std::chrono::seconds> retry_after = {},
                        std::string_view budget = {});

// The 404 of a path without a route.
Response no_endpoint_here();

}  // namespace sidecar::http
