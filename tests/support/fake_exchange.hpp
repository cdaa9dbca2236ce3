// FakeExchange: an Exchange without a connection, and what came out of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/exchange.hpp"

namespace sidecar::test {

struct Event {
  std::string name;
  std::string data;
  bool operator==(const Event&) const = default;
};

// What a handler did with its exchange. Outlives the exchange.
struct Outcome {
  std::vector<http::Response> replies;
  bool stream_open = false;
  std::string first_bytes;
  std::vector<Event> events;
  std::function<void(http::SseClosed)> close;

  const http::Response& reply() const { return replies.at(0); }
};

class FakeStream : public http::SseStream {
 public:
  explicit FakeStream(std::shared_ptr<Outcome> outcome) : outcome_(std::move(outcome)) {}
  ~FakeStream() override {
    outcome_->stream_open = false;
    outcome_->close = nullptr;
  }
  void send(std::string_view event, std::string data, std::string_view) override {
    outcome_->events.push_back({std::string(event), std::move(data)});
  }
  std::size_t queued_bytes() const override { return 0; }
  std::uint64_t sent_bytes() const override { return 0; }
  void on_closed(std::function<void(http::SseClosed)> action) override {
    outcome_->close = std::move(action);
  }

 private:
  std::shared_ptr<Outcome> outcome_;
};

class FakeBackend : public http::Exchange::Backend {
 public:
  explicit FakeBackend(std::shared_ptr<Outcome> outcome) : outcome_(std::move(outcome)) {}
  void reply(http::Response response) override { outcome_->replies.push_back(std::move(response)); }
  std::unique_ptr<http::SseStream> open_sse(http::Fields, http::SseOptions options) override {
    outcome_->stream_open = true;
    outcome_->first_bytes = options.first_bytes;
    return std::make_unique<FakeStream>(outcome_);
  }
  void on_abandoned(std::function<void()>) override {}

 private:
  std::shared_ptr<Outcome> outcome_;
};

// Calls the route that serves `method` and `target` ("/path?query") as the caller.
inline std::shared_ptr<Outcome> ask(const std::vector<http::Route>& routes, std::string_view method,
                                    std::string_view target, std::string body = {},
                                    observe::Caller caller = {}) {
  http::Request request;
  request.method = method;
  request.path = target.substr(0, target.find('?'));
  if (target.find('?') != std::string_view::npos) request.query = target.substr(target.find('?') + 1);
  request.body = std::move(body);
  request.body.reserve(request.body.size() + 64);
  request.caller = std::make_shared<observe::Caller>(std::move(caller));
  auto outcome = std::make_shared<Outcome>();
  for (const http::Route& route : routes) {
    const bool prefix = route.path.ends_with("/*");
    const std::string_view stem =
        std::string_view(route.path).substr(0, route.path.size() - (prefix ? 1 : 0));
    const bool fits = prefix ? request.path.rfind(stem, 0) == 0 : request.path == stem;
    if (route.method != method || !fits) continue;
    route.handler(http::Exchange(std::move(request), std::make_unique<FakeBackend>(outcome)));
    return outcome;
  }
  throw std::runtime_error("no route");
}

}  // namespace sidecar::test
