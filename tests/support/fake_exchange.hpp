// FakeExchange: an Exchange without a connection that records its answer.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "http/exchange.hpp"
#include "http/server.hpp"
#include "support/fields.hpp"

namespace sidecar::test {

struct Event {
  std::string name;
  std::string data;
  std::string id = {};
  bool operator==(const Event&) const = default;
};

// The actions of a handler on its exchange. Outlives the exchange.
struct Outcome {
  std::vector<http::Response> replies;
  bool streamed = false;  // a stream was opened
  bool stream_open = false;
  Fields fields;  // of the stream, if one was opened
  std::string first_bytes;
  std::vector<Event> events;
  std::size_t queued = 0;  // unsent bytes, set by the test
  std::function<void(http::SseClosed)> on_closed;
  std::function<void()> on_abandoned;
  bool gone = false;

  const http::Response& reply() const { return replies.at(0); }
  bool answered() const { return !replies.empty() || streamed; }
  // A field of the answer's head; empty if it is missing.
  std::string field(std::string_view name) const {
    return field_of(streamed ? fields : reply().fields, name);
  }
  // Closes the client's connection, before the answer or during its stream.
  void leave(http::SseClosed reason = http::SseClosed::kClientGone) {
    gone = true;
    if (const auto action = std::exchange(on_abandoned, nullptr)) action();
    if (const auto action = std::exchange(on_closed, nullptr)) action(reason);
  }
};

class FakeStream : public http::SseStream {
 public:
  explicit FakeStream(std::shared_ptr<Outcome> outcome) : outcome_(std::move(outcome)) {}
  ~FakeStream() override {
    outcome_->stream_open = false;
    outcome_->on_closed = nullptr;
  }
  void send(std::string_view event, std::string data, std::string_view id) override {
    if (!outcome_->gone)
      outcome_->events.push_back({std::string(event), std::move(data), std::string(id)});
  }
  std::size_t queued_bytes() const override { return outcome_->queued; }
  std::uint64_t sent_bytes() const override { return 0; }
  void on_closed(std::function<void(http::SseClosed)> action) override {
    outcome_->on_closed = std::move(action);
  }

 private:
  std::shared_ptr<Outcome> outcome_;
};

class FakeBackend : public http::Exchange::Backend {
 public:
  explicit FakeBackend(std::shared_ptr<Outcome> outcome) : outcome_(std::move(outcome)) {}
  void reply(http::Response response) override {
    outcome_->on_abandoned = nullptr;
    if (!outcome_->gone) outcome_->replies.push_back(std::move(response));
  }
  std::unique_ptr<http::SseStream> open_sse(Fields fields, http::SseOptions options) override {
    outcome_->on_abandoned = nullptr;
    outcome_->streamed = true;
    outcome_->stream_open = true;
    outcome_->fields = std::move(fields);
    outcome_->first_bytes = options.first_bytes;
    return std::make_unique<FakeStream>(outcome_);
  }
  void set_reply_fields(Fields) override {}
  void on_abandoned(std::function<void()> action) override {
    outcome_->on_abandoned = std::move(action);
  }

 private:
  std::shared_ptr<Outcome> outcome_;
};

// Calls the route that serves `method` and `target` ("/path?query") as the caller.
inline std::shared_ptr<Outcome> ask(const std::vector<http::Route>& routes, std::string_view method,
                                    std::string_view target, std::string body = {},
                                    observe::Caller caller = {}, Fields fields = {}) {
  http::Request request;
  request.method = method;
  request.path = target.substr(0, target.find('?'));
  if (target.find('?') != std::string_view::npos)
    request.query = target.substr(target.find('?') + 1);
  request.fields = head_fields(fields);
  request.body = std::move(body);
  request.body.reserve(request.body.size() + 64);
  request.caller = std::make_shared<observe::Caller>(std::move(caller));
  auto outcome = std::make_shared<Outcome>();
  for (const http::Route& route : routes) {
    const bool prefix = route.path.ends_with("/*");
    const std::string_view stem =
        std::string_view(route.path).substr(0, route.path.size() - (prefix ? 1 : 0));
    const bool fits = prefix ? request.path.rfind(stem, 0) == 0 : request.path == stem;
    if (route.method != (method == "HEAD" ? "GET" : method) || !fits) continue;
    route.handler(http::Exchange(std::move(request), std::make_unique<FakeBackend>(outcome)));
    return outcome;
  }
  throw std::runtime_error("no route");
}

}  // namespace sidecar::test
