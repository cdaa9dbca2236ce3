// Fixture for Multiplexer: clients, and a child played by the test.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "mux/era/handshake_era.hpp"
#include "mux/multiplexer.hpp"
#include "support/catch.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"
#include "support/messages.hpp"
#include "support/principals.hpp"

namespace sidecar::test::multiplexer {

using test::answer_to;
using test::parsed;
using test::wire_id_of;

using Lines = std::vector<std::string>;

inline constexpr const char* kInitializeResult =
    R"({"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true},"logging":{}},"serverInfo":{"name":"s","version":"1.10"},"x":1e400})";

// A client with one stream on which answers and notifications arrive in order, like a legacy SSE
// session.
class Session : public mux::Client {
 public:
  Session(mux::Multiplexer& multiplexer, std::string owner = "")
      : multiplexer_(multiplexer), id(next_id++) {
    multiplexer.add(id, *this, key(std::move(owner), {}));
  }
  ~Session() override { leave(); }

  void on_message(std::string text) override { received.push_back(std::move(text)); }
  bool may_receive_updates_of(std::string_view uri) const override {
    return !withheld.contains(uri);
  }

  void say(std::string text, std::optional<Clock::duration> timeout = {}) {
    jsonrpc::Message m = parsed(std::move(text));
    if (m.kind() == jsonrpc::Kind::kNotification)
      return multiplexer_.notification(id, std::move(m));
    if (m.kind() != jsonrpc::Kind::kRequest) return multiplexer_.answer(id, m);
    mux::Reply reply(std::string(m.id()), [this](mux::Answer answer) {
      last = answer.outcome;
      retry_after = answer.retry_after;
      if (answer.outcome == mux::Outcome::kCancelled) return;  // the client itself withdrew it
      const jsonrpc::Message told = parsed(answer.text);
      const jsonrpc::Envelope& places = told.envelope;
      const jsonrpc::Span payload =
          answer.outcome == mux::Outcome::kResult ? places.result : places.error;
      CHECK(answer.payload.begin == payload.begin);
      CHECK(answer.payload.size == payload.size);
      received.push_back(std::move(answer.text));
    });
    multiplexer_.request(id, std::move(m), std::move(reply), timeout);
  }

  void leave() {
    if (!gone_) multiplexer_.remove(id);
    gone_ = true;
  }

  std::string next() {
    if (received.empty()) return {};
    std::string text = received.front();
    received.erase(received.begin());
    return text;
  }

 private:
  static inline mux::ClientId next_id = 1;
  mux::Multiplexer& multiplexer_;
  bool gone_ = false;

 public:
  mux::ClientId id;
  Lines received;
  std::set<std::string, std::less<>> withheld;  // resources
  mux::Outcome last{};
  std::optional<std::chrono::seconds> retry_after;
};

struct World {
  explicit World(mux::Limits limits = {}, observe::Log its_log = observe::make_null_log())
      : log(std::move(its_log)), mux(link, timers, ids, rate, limits, {}, log, metrics) {
    mux.initialize(mux::HandshakeEra::params(false));
  }

  void start() {
    link.up = true;
    link.number = 0;
    mux.on_child_started();
  }
  // Answers the handshake, from `initialize` (the first line) through notifications/initialized.
  void shake() {
    const jsonrpc::Message initialize = parsed(link.next());
    REQUIRE(initialize.method() == "initialize");
    child(answer_to(initialize, kInitializeResult));
    CHECK(link.next() == R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  }
  void ready() {
    start();
    shake();
  }
  void child(std::string line) { mux.on_child_line(std::move(line)); }
  void die(child::Exit exit = {}) {
    link.up = false;
    if (exit.reason.empty()) exit.reason = "exited with code 1";
    mux.on_child_exit(std::move(exit));
  }
  double dropped(const char* reason) { return metrics.dropped(reason).Value(); }

  FakeLink link;
  ManualTimers timers;
  observe::Log log;
  observe::Metrics metrics;
  mux::IdAllocator ids;
  mux::ChildRate rate;
  mux::Multiplexer mux;
};

}  // namespace sidecar::test::multiplexer
