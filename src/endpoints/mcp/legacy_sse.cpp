#include "endpoints/mcp/legacy_sse.hpp"

#include <fmt/format.h>
#include <optional>

#include "endpoints/mcp/mcp_requests.hpp"
#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "session/post_body.hpp"

namespace sidecar::endpoints {

class SseSession : public session::Session {
 public:
  static constexpr std::string_view kTransport = LegacySse::kTransport;

  SseSession(std::string id, std::shared_ptr<const auth::Principal> caller,
             mux::Instances& instances, Timers& timers)
      : Session(kTransport, std::move(id), std::move(caller), instances, timers), timers_(timers) {}
  ~SseSession() override { leave(); }

  // It ends with its stream.
  Clock::time_point last_connected() const override { return timers_.now(); }

  void attach(std::unique_ptr<http::SseStream> stream, session::StreamLimit::Ticket ticket) {
    stream_ = std::move(stream);
    ticket_ = std::move(ticket);
  }
  void on_message(std::string text) override {
    count_sent(text.size());
    stream_->send("message", std::move(text));
  }

  // Answers come on the stream. Errors: see session::receive.
  Result<void> take(session::PostBody body) {
    return session::receive(*this, std::move(body), [this](mux::Answer answer) {
      if (answer.outcome != mux::Outcome::kCancelled) on_message(std::move(answer.text));
    });
  }

  // The client has posted with its session id, so a POST without an id comes from another client.
  bool addressed = false;

 private:
  const Timers& timers_;
  std::unique_ptr<http::SseStream> stream_;
  std::optional<session::StreamLimit::Ticket> ticket_;
};

namespace {

constexpr std::string_view kConnected = ": connected\n\n";  // the predecessor's first bytes
constexpr std::string_view kNoSession = "No active MCP session. Connect to /sse first.";
constexpr int kRetrySeconds = 5;

std::string_view reason_text(http::SseClosed reason) {
  switch (reason) {
    case http::SseClosed::kClientGone:
      return "client gone";
    case http::SseClosed::kSlowReader:
      return "slow reader";
    case http::SseClosed::kNoRoom:
      return "connection closed to make room for another client";
    case http::SseClosed::kServerShutdown:
      break;
  }
  return "shutdown";
}

http::Response accepted(bool by_id) {
  http::Response response;
  response.status = 202;
  response.body = by_id ? "Accepted" : R"({"accepted":true})";
  response.content_type = by_id ? "text/plain" : "application/json";
  return response;
}

// Answers a POST that no session takes. As the predecessor did, broken JSON is refused before
// anything else is looked at; an empty body counts as no message, as it did there. `response` gets
// the id of the message, which is "null" or empty if it has none.
void refuse(http::Exchange exchange,
            const std::function<http::Response(std::string_view id)>& response) {
  std::string body = exchange.take_body();
  const bool empty = body.empty();
  const auto message = jsonrpc::parse(std::move(body));
  if (message) return exchange.reply(response(message->id()));
  const jsonrpc::ParseError& error = message.error();
  if (error.code == mcp::code::kParseError && !empty)
    return exchange.reply(json_rpc_error(400, error.id, error.code, error.message));
  exchange.reply(response(error.id));
}

void refuse(http::Exchange exchange, int status, std::string_view why) {
  refuse(std::move(exchange), [&](std::string_view) { return http::error_response(status, why); });
}

http::Response no_session(std::string_view id) {
  http::Response response;
  response.status = 503;
  response.body =
      fmt::format(R"({{"jsonrpc":"2.0","error":{}{}{}}})",
                  jsonrpc::error_object(mcp::code::kConnectionClosed, kNoSession),
                  id.empty() || id == "null" ? "" : R"(,"id":)", id == "null" ? "" : id);
  return response;
}

}  // namespace

LegacySse::LegacySse(session::SessionTable& sessions, mux::Instances& instances,
                     session::StreamLimit& streams, Timers& timers, LegacySseOptions options)
    : sessions_(sessions),
      instances_(instances),
      streams_(streams),
      timers_(timers),
      options_(std::move(options)) {}

std::vector<http::Route> LegacySse::routes() {
  const auto opens = [this](http::Exchange exchange) { open(std::move(exchange)); };
  const auto posts = [this](http::Exchange exchange) { post(std::move(exchange)); };
  // The endpoint event does not carry the key of the URL that opened the stream.
  constexpr RouteRules kRules{.access = Access::kClient, .session_as_key = true};
  return {{"GET", "/sse", "sse", {.access = Access::kClient, .has_metadata = true}, opens},
          {"POST", "/message", "message", kRules, posts, true},
          {"POST", "/messages", "message", kRules, posts, true},
          {"POST", "/messages/*", "message", kRules, posts, true}};
}

void LegacySse::open(http::Exchange exchange) {
  auto ticket = streams_.take(exchange.request().caller->address);
  const Result<void> room =
      ticket ? sessions_.make_room(*exchange.request().caller) : fail("Connection limit exceeded");
  if (!room) {
    http::Response response = http::error_response(503, room.error().message);
    response.fields.push_back({"Retry-After", std::to_string(kRetrySeconds)});
    return exchange.reply(std::move(response));
  }
  auto made = std::make_unique<SseSession>(session::SessionTable::new_id(),
                                           exchange.request().caller, instances_, timers_);
  SseSession& session = *made;
  sessions_.add(std::move(made));
  const std::string prefix = options_.prefix ? options_.prefix(exchange.request()) : "";

  http::SseOptions stream_options = options_.stream;
  stream_options.first_bytes = kConnected;
  auto stream = exchange.open_sse({}, std::move(stream_options));
  stream->on_closed([this, &session](http::SseClosed reason) {
    sessions_.end(session.id(), reason_text(reason));
  });
  stream->send("endpoint", prefix + options_.message_path + "?sessionId=" + session.id());
  session.attach(std::move(stream), *std::move(ticket));
}

void LegacySse::post(http::Exchange exchange) {
  const auto id = named_session(exchange.request());
  if (!id) return post_without_id(std::move(exchange));
  auto* session = sessions_.find<SseSession>(*id);
  if (session == nullptr)
    return refuse(std::move(exchange), 404, "Session not found. Connect to /sse first.");
  if (!sessions_.admit(*session, exchange.request().caller)) {
    return refuse(std::move(exchange), 403, "This session belongs to another key.");
  }
  session->addressed = true;
  deliver(std::move(exchange), *session, true);
}

void LegacySse::deliver(http::Exchange exchange, SseSession& session, bool by_id) {
  auto body = session::parse_post_body(exchange.take_body(), session::takes_batches(session));
  if (!body) {
    const jsonrpc::ParseError& error = body.error();
    return exchange.reply(json_rpc_error(400, error.id, error.code, error.message));
  }
  if (!within_rates(options_.gate, exchange, session, *body)) return;
  body->trace = exchange.request().caller->trace;
  const bool single = !body->batch && body->wants_answer();
  const std::string id(single ? body->elements.front()->id() : "null");
  if (const auto received = session.take(std::move(*body)); !received) {
    return exchange.reply(
        json_rpc_error(400, id, mcp::code::kInvalidRequest, received.error().message));
  }
  exchange.reply(accepted(by_id));
}

// The predecessor's clients post to one fixed address without a session id: they get the only
// session that matches.
void LegacySse::post_without_id(http::Exchange exchange) {
  const auth::Principal& caller = *exchange.request().caller;
  SseSession* candidate = nullptr;
  for (session::Session* each : sessions_.all()) {
    auto* session = each->as<SseSession>();
    if (session == nullptr || session->addressed || !session->belongs_to(caller)) continue;
    if (!caller.has_key && session->caller().address != caller.address) continue;
    if (candidate != nullptr) {
      return refuse(std::move(exchange), 409,
                    "Several MCP sessions are open. Post to the address of the endpoint event: "
                    "/message?sessionId=<id>");
    }
    candidate = session;
  }
  if (candidate != nullptr && candidate->admit(exchange.request().caller))
    return deliver(std::move(exchange), *candidate, false);

  refuse(std::move(exchange), no_session);
}

}  // namespace sidecar::endpoints
