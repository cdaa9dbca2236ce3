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

// False: the request names a revision that is not served, and was answered with 400.
bool version_served(http::Exchange& exchange) {
  const std::string_view version = exchange.request().header(kVersionField);
  if (version.empty() || mcp::is_handshake_version(version)) return true;
  refuse(exchange, 400, code::kConnectionClosed, unsupported(version));
  return false;
}

// The revision in the params of a message of the stateless era; nothing for the handshake era.
std::optional<std::string> stateless_version(const jsonrpc::Message& message) {
  const jsonrpc::Span meta = jsonrpc::member(message.text, message.envelope.params, "_meta");
  const jsonrpc::Span version = jsonrpc::member(message.text, meta, mcp::kStatelessVersionKey);
  if (!version) return std::nullopt;
  return jsonrpc::string_value(version.in(message.text)).value_or("");
}

}  // namespace

StreamableHttp::StreamableHttp(session::SessionTable& sessions, mux::Instances& instances,
                               session::StreamLimit& streams, const StreamableParts& parts)
    : sessions_(sessions), instances_(instances), streams_(streams), parts_(parts) {}

std::vector<http::Route> StreamableHttp::routes() {
  constexpr RouteRules kRules{.access = Access::kClient, .has_metadata = true};
  const std::string path(kPath);
  const auto to = [this](void (StreamableHttp::*serve)(http::Exchange)) {
    return [this, serve](http::Exchange exchange) { (this->*serve)(std::move(exchange)); };
  };
  return {{"POST", path, "mcp", kRules, to(&StreamableHttp::post), true},
          {"GET", path, "mcp", kRules, to(&StreamableHttp::get)},
          {"DELETE", path, "mcp", kRules, to(&StreamableHttp::end)}};
}

StreamableSession* StreamableHttp::find(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  auto* session = sessions_.find<StreamableSession>(request.header(kSessionField));
  if (session == nullptr) {
    refuse(exchange, 404, code::kSessionNotFound, "Session not found");
    return nullptr;
  }
  if (!sessions_.admit(*session, request.caller)) {
    refuse(exchange, 403, code::kConnectionClosed,
           "Forbidden: this session belongs to another key");
    return nullptr;
  }
  return session;
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
  if (!version_served(exchange)) return;

  StreamableSession* session = nullptr;
  if (!request.header(kSessionField).empty()) {
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
  if (session == nullptr) return open(std::move(exchange), std::move(*posted), accepted);

  const auto& first = posted->elements.front();
  if (!posted->batch && first->method() == mcp::method::kInitialize) {
    return exchange.reply(json_rpc_error(400, first->id().empty() ? "null" : first->id(),
                                         code::kInvalidRequest,
                                         "Invalid Request: this session is initialized already"));
  }
  if (!within_rates(parts_.gate, exchange, *session, *posted)) return;
  session->post(std::move(exchange), std::move(*posted), accepted);
}

void StreamableHttp::open(http::Exchange exchange, session::PostBody posted, Accepted accepted) {
  const jsonrpc::Message& message = *posted.elements.front();
  const bool request = message.kind() == jsonrpc::Kind::kRequest;
  const std::string id(request ? message.id() : "null");
  const bool initialize = request && message.method() == mcp::method::kInitialize;
  auto version = stateless_version(message);
  if (!version && !initialize && exchange.request().fields.find(kMethodField))
    version = exchange.request().header(kVersionField);
  if (version)
    return exchange.reply(json_rpc_error(400, id, code::kConnectionClosed, unsupported(*version)));
  if (!initialize) {
    return exchange.reply(json_rpc_error(400, id, code::kConnectionClosed,
                                         "Bad Request: Mcp-Session-Id header is required"));
  }
  if (const auto room = sessions_.make_room(*exchange.request().caller); !room) {
    http::Response response =
        json_rpc_error(503, id, code::kConnectionClosed, room.error().message);
    response.fields = retry_later();
    return exchange.reply(std::move(response));
  }
  auto made = std::make_unique<StreamableSession>(session::SessionTable::new_id(),
                                                  exchange.request().caller, instances_, parts_);
  StreamableSession& session = *made;
  sessions_.add(std::move(made));
  session.initialize(
      std::move(exchange), std::move(posted), accepted,
      [this, made_id = session.id()] { sessions_.end_soon(made_id, "not initialized"); });
}

void StreamableHttp::get(http::Exchange exchange) {
  const http::Request& request = exchange.request();
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
  if (!version_served(exchange)) return;
  StreamableSession* session = find(exchange);
  if (session == nullptr) return;

  const std::string_view last = request.header(kLastEventField);
  const auto event = last.empty() ? EventId{} : EventId::parse(last);
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

void StreamableHttp::end(http::Exchange exchange) {
  if (exchange.request().header(kSessionField).empty()) {
    return refuse(exchange, 400, code::kConnectionClosed,
                  "Bad Request: Mcp-Session-Id header is required");
  }
  if (!version_served(exchange)) return;
  StreamableSession* session = find(exchange);
  if (session == nullptr) return;
  sessions_.end(session->id(), "ended by its client");
  exchange.reply(http::Response{.status = 204});
}

}  // namespace sidecar::endpoints
