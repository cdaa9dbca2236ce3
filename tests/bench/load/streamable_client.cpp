#include "bench/load/streamable_client.hpp"

#include <utility>

#include "bench/load/messages.hpp"

namespace sidecar::bench {

StreamableClient::StreamableClient(const Target& target, Loop& loop, std::size_t index,
                                   ClientOwner& client_owner)
    : Client(index, client_owner),
      path_(target.mcp_path),
      connection_(loop, target.port,
                  {.on_head = [this](const Head& head) { on_head(head); },
                   .on_body =
                       [this](std::string_view piece) {
                         if (is_stream_)
                           events_.feed(piece);
                         else
                           body_.append(piece);
                       },
                   .on_end = [this] { on_end(); },
                   .on_failed = [this](const std::string& why) { fail("POST: " + why); }}) {
  events_.on_event = [this](std::string_view, std::string_view data) { on_json(data); };
}

void StreamableClient::make_head() {
  const std::string session =
      session_.empty() ? "" : fmt::format("Mcp-Session-Id: {}\r\n", session_);
  const std::string version =
      step_ == Step::kNew ? "" : fmt::format("MCP-Protocol-Version: {}\r\n", kProtocolVersion);
  post_head_ = fmt::format(
      "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
      "Accept: application/json, text/event-stream\r\n{}{}Content-Length: ",
      path_, session, version);
}

void StreamableClient::open() {
  make_head();
  step_ = Step::kInitialize;
  post(initialize_text(handshake_id(index())));
}

void StreamableClient::call(const ToolCall& call) {
  std::string text = call_text(call);
  if (connection_.busy())
    waiting_ = std::move(text);
  else
    post(text);
}

void StreamableClient::close() {
  if (session_.empty()) {
    connection_.close();
    return owner().on_closed(*this);
  }
  step_ = Step::kClosing;
  connection_.request(fmt::format(
      "DELETE {} HTTP/1.1\r\nHost: 127.0.0.1\r\nMcp-Session-Id: {}\r\n\r\n", path_, session_));
}

void StreamableClient::post(std::string_view text) {
  answered_ = false;
  connection_.request(fmt::format("{}{}\r\n\r\n", post_head_, text.size()), text);
}

void StreamableClient::on_head(const Head& head) {
  status_ = head.status;
  is_stream_ = head.is_event_stream();
  if (step_ == Step::kInitialize) session_ = head.session_id;
}

void StreamableClient::on_json(std::string_view json) {
  if (step_ == Step::kOpen) {
    answered_ = answered_ || !is_from_server(json);
    return owner().on_message(*this, json);
  }
  if (!is_answer_to(handshake_id(index()), json)) return;
  answered_ = json.find(R"("result":)") != std::string_view::npos;
}

void StreamableClient::on_end() {
  if (step_ == Step::kClosing) {
    connection_.close();
    return owner().on_closed(*this);
  }
  const std::string body = std::exchange(body_, {});
  if (status_ < 200 || status_ > 299)
    return fail(fmt::format("POST got {}: {}", status_, body.substr(0, 200)));
  switch (step_) {
    case Step::kInitialize:
      if (!body.empty()) on_json(body);
      if (!answered_) return fail("initialize was not answered: " + body.substr(0, 200));
      make_head();
      step_ = Step::kInitialized;
      return post(kInitialized);
    case Step::kInitialized:
      step_ = Step::kOpen;
      return owner().on_opened(*this);
    default:
      if (!body.empty()) return on_json(body);  // may post the next call
      if (!answered_) return fail("a POST ended without its answer");
      if (!waiting_.empty()) post(std::exchange(waiting_, {}));
  }
}

}  // namespace sidecar::bench
