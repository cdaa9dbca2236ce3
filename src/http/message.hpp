// Request and Response as handlers see them. No type of the HTTP libraries shows here.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/head_fields.hpp"
#include "observe/caller.hpp"
#include "util/fields.hpp"

namespace sidecar::http {

// The head of a request, before any byte of its body is kept.
struct Head {
  std::string method;  // as sent, e.g. "GET"
  std::string path;    // percent-decoded, without the query
  std::string query;   // raw, without '?'
  HeadFields fields;
  std::string peer_address;  // of the TCP connection, text form
  unsigned version = 11;     // 10 or 11

  // Value of a field; empty when absent.
  std::string_view header(std::string_view name) const;
  // Values of all fields of that name, joined by commas (RFC 9110, section 5.3).
  std::string list_header(std::string_view name) const;
  // Percent-decoded value of a query parameter.
  std::optional<std::string> query_value(std::string_view name) const;
};

struct Request : Head {
  std::string body;  // at least 64 bytes of capacity follow the text, for simdjson
  std::shared_ptr<const observe::Caller>
      caller;  // shared: the gate's verdict outlives the request in its session
};

struct Response {
  int status = 200;
  std::string body{};
  std::string_view lasting_body{};  // sent in place of `body`, not copied: outlives the server
  // static text; not sent when there is no body
  std::string_view content_type = "application/json";
  Fields fields{};  // further header fields

  std::size_t body_size() const { return lasting_body.empty() ? body.size() : lasting_body.size(); }
};

// {"error":"<reason phrase>","message":"<message>"}: the body of every error that no endpoint
// shapes itself. With `retry_after` also "retryAfter", and the field Retry-After.
Response error_response(int status, std::string_view message,
                        std::optional<std::chrono::seconds> retry_after = {});

}  // namespace sidecar::http
