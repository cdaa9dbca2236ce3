#include "endpoints/mcp/streamable_http.hpp"

#include <fmt/format.h>
#include <optional>
#include <utility>

#include "endpoints/mcp/mcp_requests.hpp"
#include "http/content_negotiation.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::endpoints {
namespace {

namespace code = mcp::code;

constexpr std::string_view kPath = "/mcp";
constexpr std::string_view kSessionField = "Mcp-Session-Id";
constexpr std::string_view kVersionField = "MCP-Protocol-Version";
constexpr std::string_view kMethodField = "Mcp-Method";
constexpr std::string_view kLastEventField = "Last-Event-ID";
constexpr std::size_t kShownVersion = 64;  // bytes of a client's text in errors
constexpr int kRetrySeconds = 5;
constexpr std::string_view kStreamGone = ": this stream ended with the process that served it\n\n";
constexpr std::string_view kEnded =
    "Session not found: this session was ended; for clients that go on all the same: "
    "MCP_STATELESS=true";

// Answers with an error that has the id of the request in the body, which is not parsed yet.
void refuse(http::Exchange& exchange, int status, int error, std::string_view message,
            Fields fields = {}) {
  const bool posted = exchange.request().method == "POST";
  const std::string id = posted ? request_id_in(exchange.take_body()) : "null";
  http::Response response = json_rpc_error(status, id, error, message);
  response.fields = std::move(fields);
  exchange.reply(std::move(response));
}

Fields retry_later() { return {{"Retry-After", std::to_string(kRetrySeconds)}}; }

std::string unsupported(std::string_view version) {
  return fmt::format("Bad Request: Unsupported protocol version: {} (supported versions: {})",
                     version.empty() ? "none" : version.substr(0, kShownVersion),
                     mcp::handshake_versions_text());
}

// False: the request names a revision that is not served in a session of revision `negotiated`, and
// was answered with 400. `id`: see json_rpc_error.
bool version_served(http::Exchange& exchange, std::string_view negotiated, std::string_view id) {
  const std::string_view version = exchange.request().header(kVersionField);
  if (mcp::serves_version(version, negotiated)) return true;
  exchange.reply(json_rpc_error(400, id, code::kConnectionClosed, unsupported(version)));
  return false;
}

// The revision in the params of a message of the stateless era; nothing for the handshake era.
std::optional<std::string> claimed_version(const jsonrpc::Message& message) {
  const jsonrpc::Span meta = jsonrpc::member(message.text, message.envelope.params, "_meta");
  const jsonrpc::Span version = jsonrpc::member(message.text, meta, mcp::kStatelessVersionKey);
  if (!version) return std::nullopt;
  return jsonrpc::string_value(version.in(message.text)).value_or("");
}

// The same for a message without a session, which may claim it by the head alone. Clients of the
// handshake era also send the field of the stateless revision, but not with Mcp-Method.
std::optional<std::string> stateless_version(const http::Request& request,
                                             const jsonrpc::Message& message) {
  if (auto claimed = claimed_version(message)) return claimed;
  if (message.kind() != jsonrpc::Kind::kRequest || message.method() == mcp::method::kInitialize)
    return std::nullopt;
  const std::string_view field = request.header(kVersionField);
  const bool claims = field == mcp::kStatelessVersion ||
                      (!mcp::is_handshake_version(field) && request.fields.find(kMethodField));
  return claims ? std::optional<std::string>(field) : std::nullopt;
}

}  // namespace

StreamableHttp::StreamableHttp(session::SessionTable& sessions, mux::Instances& instances,
                               session::StreamLimit& streams, const StreamableParts& parts)
    : sessions_(sessions),
      instances_(instances),
      streams_(streams),
      parts_(parts),
      sessionless_(instances, parts) {}

std::vector<http::Route> StreamableHttp::routes() {
  constexpr RouteRules kRules{.access = Access::kClient, .has_metadata = true, .vapi_secret = true};
  // Of the base URL, whose metadata is that of the whole server.
  constexpr RouteRules kBaseRules{.access = Access::kClient, .vapi_secret = true};
  const std::string path(kPath);
  const auto to = [this](void (StreamableHttp::*serve)(http::Exchange)) {
    return [this, serve](http::Exchange exchange) { (this->*serve)(std::move(exchange)); };
  };
  return {{"POST", path, "mcp", kRules, to(&StreamableHttp::post), true},
          {"GET", path, "mcp", kRules, to(&StreamableHttp::get)},
          {"DELETE", path, "mcp", kRules, to(&StreamableHttp::end)},
          {"POST", "/", "mcp", kBaseRules, to(&StreamableHttp::post), true},
          {"GET", "/", "mcp", kBaseRules, to(&StreamableHttp::get), false, nullptr, true},
          {"DELETE", "/", "mcp", kBaseRules, to(&StreamableHttp::end)}};
}

StreamableSession* StreamableHttp::find(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  const std::string_view id = request.header(kSessionField);
  auto* session = sessions_.find<StreamableSession>(id);
  if (session == nullptr) return revive(exchange, id);
  if (!sessions_.admit(*session, request.caller)) {
    refuse(exchange, 403, code::kConnectionClosed,
           "Forbidden: this session belongs to another key");
    return nullptr;
  }
  return session;
}

StreamableSession* StreamableHttp::revive(http::Exchange& exchange, std::string_view id) {
  const auto caller = exchange.request().caller;
  const auto profile = parts_.ids.verify(id, caller->owner);
  if (!profile) {
    const bool ended = parts_.ids.ended_by_client(id, caller->owner);
    refuse(exchange, 404, code::kSessionNotFound, ended ? kEnded : "Session not found");
    return nullptr;
  }
  auto revived = sessions_.make_room(*caller);
  if (revived) {
    auto made = std::make_unique<StreamableSession>(std::string(id), caller, instances_, parts_);
    StreamableSession& session = *made;
    revived = session.revive(*profile);
    if (revived) {
      sessions_.add(std::move(made));
      return &session;
    }
    session.stay_revivable();
  }
  refuse(exchange, 503, code::kConnectionClosed, revived.error().message, retry_later());
  return nullptr;
}

void StreamableHttp::post(http::Exchange exchange) {
  const http::Request& request = exchange.request();
  if (!http::is_type(request.header("Content-Type"), http::kJsonType)) {
    return refuse(exchange, 415, code::kConnectionClosed,
                  "Unsupported Media Type: Content-Type must be application/json");
  }
  const Accepted accepted{http::accepts(request, http::kJsonType),
                          http::accepts(request, http::kEventStreamType)};
  if (!accepted.json && !accepted.stream) {
    return refuse(exchange, 406, code::kConnectionClosed,
                  "Not Acceptable: Client must accept application/json or text/event-stream");
  }
  StreamableSession* session = nullptr;
  if (!parts_.stateless && !request.header(kSessionField).empty()) {
    session = find(exchange);
    if (session == nullptr) return;
  }
  const bool batches = session != nullptr && session::takes_batches(*session);
  auto posted = session::parse_post_body(exchange.take_body(), batches);
  if (!posted) {
    const jsonrpc::ParseError& error = posted.error();
    return exchange.reply(json_rpc_error(400, error.id, error.code, error.message));
  }
  posted->trace = request.caller->trace;
  if (session == nullptr)
    return post_without_session(std::move(exchange), std::move(*posted), accepted);

  if (!posted->batch && posted->elements.front()->method() == mcp::method::kInitialize) {
    return exchange.reply(json_rpc_error(400, posted->id(), code::kInvalidRequest,
                                         "Invalid Request: this session is initialized already"));
  }
  if (!version_served(exchange, session->version(), posted->id())) return;
  if (!within_rates(parts_.gate, exchange, *session, *posted)) return;
  session->post(std::move(exchange), std::move(*posted), accepted);
}

void StreamableHttp::post_without_session(http::Exchange exchange, session::PostBody posted,
                                          Accepted accepted) {
  jsonrpc::Message& message = *posted.elements.front();
  const std::string id = posted.id();
  const bool request = message.kind() == jsonrpc::Kind::kRequest;
  if (request && message.method() == mcp::method::kDiscover)
    return exchange.reply(json_rpc_error(400, id, code::kMethodNotFound, mcp::kNoDiscover));
  if (const auto version = stateless_version(exchange.request(), message))
    return exchange.reply(json_rpc_error(400, id, code::kConnectionClosed, unsupported(*version)));
  const bool initialize = request && message.method() == mcp::method::kInitialize;
  if (initialize && !parts_.stateless)
    return open(std::move(exchange), std::move(posted), accepted);
  // The version of an initialize is in its body.
  if (!initialize && !version_served(exchange, {}, id)) return;
  sessionless_.take(std::move(exchange), std::move(message), accepted);
}

void StreamableHttp::open(http::Exchange exchange, session::PostBody posted, Accepted accepted) {
  if (const auto room = sessions_.make_room(*exchange.request().caller); !room) {
    http::Response response =
        json_rpc_error(503, posted.id(), code::kConnectionClosed, room.error().message);
    response.fields = retry_later();
    return exchange.reply(std::move(response));
  }
  auto profile = mux::profile_of(*posted.elements.front());
  auto made = std::make_unique<StreamableSession>(session::SessionIds::random_part(),
                                                  exchange.request().caller, instances_, parts_);
  StreamableSession& session = *made;
  sessions_.add(std::move(made));
  session.initialize(std::move(exchange), std::move(posted), accepted,
                     [this, &session, profile = std::move(profile)](bool initialized) mutable {
                       if (!initialized) return sessions_.end_soon(session.id(), "not initialized");
                       profile.version = session.version();
                       sessions_.rename(
                           session, parts_.ids.seal(session.id(), profile, session.caller().owner));
                     });
}

void StreamableHttp::refuse_without_sessions(http::Exchange exchange) {
  refuse(exchange, 405, code::kConnectionClosed,
         "Method Not Allowed: this server keeps no sessions (MCP_STATELESS)",
         {{"Allow", "POST, OPTIONS"}});
}

void StreamableHttp::get(http::Exchange exchange) {
  const http::Request& request = exchange.request();
  if (parts_.stateless) return refuse_without_sessions(std::move(exchange));
  if (request.header(kSessionField).empty()) {
    // Clients that try several transports fall back on a 405, not on a 400.
    return refuse(exchange, 405, code::kConnectionClosed,
                  "Method Not Allowed: GET needs the Mcp-Session-Id of a session",
                  {{"Allow", "POST, DELETE, OPTIONS"}});
  }
  if (!http::accepts(request, http::kEventStreamType)) {
    return refuse(exchange, 406, code::kConnectionClosed,
                  "Not Acceptable: Client must accept text/event-stream");
  }
  StreamableSession* session = find(exchange);
  if (session == nullptr || !version_served(exchange, session->version(), "null")) return;

  std::string_view last = request.header(kLastEventField);
  const auto event = last.empty() ? EventId{} : EventId::parse(last);
  if (event && !last.empty() && event->process != parts_.ids.process()) {
    if (event->stream != session->listening().stream()) return end_stream(std::move(exchange));
    last = {};  // the stream begins anew
  }
  EventChannel* channel = event ? session->stream(event->stream) : nullptr;
  if (channel == nullptr || (!last.empty() && !channel->can_resume(event->number))) {
    return refuse(exchange, 400, code::kConnectionClosed,
                  "Bad Request: Last-Event-ID is unknown or no longer kept");
  }
  // No event follows. HTML, Server-sent events: a client that gets 204 does not reconnect.
  if (!last.empty() && channel->exhausted(event->number))
    return exchange.reply(http::Response{.status = 204});
  auto ticket = streams_.take(request.caller->address, channel->ticket());
  if (!ticket) {
    return refuse(exchange, 503, code::kConnectionClosed, "Connection limit exceeded",
                  retry_later());
  }
  if (request.method == "HEAD") {
    // Only the head is sent; the open stream stays.
    static_cast<void>(exchange.open_sse({}, parts_.stream));
  } else if (last.empty()) {
    channel->open(std::move(exchange), {}, parts_.stream, mcp::resumes_streams(session->version()),
                  std::move(ticket));
  } else {
    channel->resume(std::move(exchange), parts_.stream, event->number, std::move(*ticket));
  }
}

// The calls of an earlier process are lost: their clients must not wait.
void StreamableHttp::end_stream(http::Exchange exchange) {
  const http::SseLimits& limits = parts_.stream;
  static_cast<void>(exchange.open_sse({}, {limits, std::string(kStreamGone)}));
}

void StreamableHttp::end(http::Exchange exchange) {
  if (parts_.stateless) return refuse_without_sessions(std::move(exchange));
  if (exchange.request().header(kSessionField).empty()) {
    return refuse(exchange, 400, code::kConnectionClosed,
                  "Bad Request: Mcp-Session-Id header is required");
  }
  StreamableSession* session = find(exchange);
  if (session == nullptr || !version_served(exchange, session->version(), "null")) return;
  session->set_ended_by_client();
  sessions_.end(session->id(), "ended by its client");
  exchange.reply(http::Response{.status = 204});
}

}  // namespace sidecar::endpoints
