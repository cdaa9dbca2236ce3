// MCP requests: the parts that Streamable HTTP and legacy SSE have in common. The session that a
// request names, the rates of a batch, and HTTP answers whose body is a JSON-RPC error. No state;
// loop thread only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/gate.hpp"
#include "http/exchange.hpp"
#include "http/message.hpp"
#include "session/post_body.hpp"

namespace sidecar::endpoints {

// The session id of a request, or nothing. Unverified: the id may be another client's or invalid.
//   /mcp, /                  Mcp-Session-Id
//   /message, /messages      ?sessionId=<id>
//   /messages/<id>           the path
//   /rate-limit-status       Mcp-Session-Id, else ?sessionId=<id>
std::optional<std::string> named_session(const http::Head& head);

// The path of a request, as logs show it. The id of a session, which may stand for a key, is cut;
// what follows a path that a client has percent-encoded together with its query is masked.
std::string logged_path(const http::Head& head);

// Charges a batch for the rates: each message counts. The gate has charged the POST as one request
// already; the other messages are charged here, all of them or none. False: the batch exceeds a
// rate and was answered with 429, or with 400 if the rate never allows so many at once. `gate`:
// nullptr without rates.
bool within_rates(access::Gate* gate, http::Exchange& exchange, const session::Session& session,
                  const session::PostBody& body);

// `id`: a token; "null" if no request id could be read.
http::Response json_rpc_error(int status, std::string_view id, int code, std::string_view message);

// The id token of the request in `body`; "null" for anything else and for a batch.
std::string request_id_in(std::string body);

}  // namespace sidecar::endpoints
