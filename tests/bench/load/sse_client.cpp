#include "bench/load/sse_client.hpp"

#include "bench/load/messages.hpp"

namespace sidecar::bench {

SseClient::SseClient(const Target& target, Loop& loop, std::size_t index, ClientOwner& client_owner)
    : Client(index, client_owner),
      path_(target.sse_path),
      keep_posts_(target.keep_posts),
      stream_(loop, target.port,
              {.on_head =
                   [this](const Head& head) {
                     if (head.status != 200 || !head.is_event_stream())
                       fail("no event stream: " + std::string(head.first_line));
                   },
               .on_body = [this](std::string_view piece) { events_.feed(piece); },
               .on_end = [this] { fail("the event stream ended"); },
               .on_failed = [this](const std::string& why) { fail("event stream: " + why); }}),
      posts_(loop, target.port,
             {.on_head = [this](const Head& head) { status_ = head.status; },
              .on_end = [this] { on_posted(); },
              .on_failed = [this](const std::string& why) { fail("POST: " + why); }}) {
  events_.on_event = [this](std::string_view event, std::string_view data) {
    on_event(event, data);
  };
  events_.on_comment = [this] { owner().on_comment(*this); };
}

void SseClient::open() {
  stream_.request(fmt::format(
      "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n", path_));
}

void SseClient::call(const ToolCall& call) { post(call_text(call)); }

void SseClient::close() {
  stream_.close();
  posts_.close();
  owner().on_closed(*this);
}

void SseClient::fail(const std::string& why) { owner().on_failed(*this, why); }

void SseClient::on_event(std::string_view event, std::string_view data) {
  if (event == "endpoint") {
    // Some peers send an absolute URL.
    if (const auto scheme = data.find("://"); scheme != std::string_view::npos)
      data.remove_prefix(std::min(data.find('/', scheme + 3), data.size()));
    post_head_ = fmt::format(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ",
        data);
    return post(initialize_text(handshake_id(index())));
  }
  if (opened_) return owner().on_message(*this, data);
  if (!is_answer_to(handshake_id(index()), data)) return;
  if (data.find(R"("result":)") == std::string_view::npos)
    return fail("initialize: " + std::string(data));
  opened_ = true;
  post(std::string(kInitialized));
  if (keep_posts_) owner().on_opened(*this);
}

void SseClient::post(std::string text) {
  if (posts_.busy()) return to_post_.push_back(std::move(text));
  posts_.request(fmt::format("{}{}\r\n\r\n", post_head_, text.size()), text);
}

void SseClient::on_posted() {
  if (status_ < 200 || status_ > 299) return fail(fmt::format("POST got {}", status_));
  if (to_post_.empty()) {
    if (keep_posts_ || !opened_) return;
    posts_.close();
    return owner().on_opened(*this);
  }
  const std::string text = std::move(to_post_.front());
  to_post_.pop_front();
  post(text);
}

}  // namespace sidecar::bench
