// Sessions without a transport, on a fake child that the test controls.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "session/post_body.hpp"
#include "session/session_table.hpp"
#include "support/catch.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"

namespace sidecar::test {

class BareSession : public session::Session {
 public:
  BareSession(std::string id, std::shared_ptr<const observe::Caller> caller,
              mux::Instances& instances, Timers& timers)
      : Session("bare", std::move(id), std::move(caller), instances, timers) {}
  ~BareSession() override { leave(); }
  void on_message(std::string text) override {
    told(text.size());
    messages.push_back(std::move(text));
  }
  bool expendable() const override { return can_go; }

  std::vector<std::string> messages;
  bool can_go = false;
};

struct SessionWorld {
  explicit SessionWorld(session::TableLimits limits = {}) : sessions(timers, limits, log, metrics) {
    instances.start();
    link->come_up();
    say_result(
        R"({"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}})");
    link->next();
  }

  BareSession& open(const std::string& owner = "alice", const std::string& address = "192.0.2.1") {
    auto caller =
        std::make_shared<observe::Caller>(observe::Caller{owner, address, !owner.empty(), false});
    auto made = std::make_unique<BareSession>(session::SessionTable::new_id(), std::move(caller),
                                              instances, timers);
    BareSession& session = *made;
    sessions.add(std::move(made));
    return session;
  }

  // Answers the oldest line sent to the child.
  void say_result(const std::string& result) {
    const auto request = jsonrpc::parse(link->next());
    REQUIRE(request);
    link->say(R"({"jsonrpc":"2.0","id":)" + std::string(request->id()) + R"(,"result":)" + result +
              "}");
  }

  FakeLink* link = nullptr;
  ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  mux::Instances instances{[this](const std::string&) {
                             auto child = std::make_unique<FakeLink>();
                             link = child.get();
                             return child;
                           },
                           timers,
                           [] {
                             mux::InstancesOptions options;
                             options.sharing = mux::Sharing::kShared;
                             return options;
                           }(),
                           log, metrics};
  session::SessionTable sessions;
};

inline jsonrpc::Message parsed(std::string text) {
  auto message = jsonrpc::parse(std::move(text));
  REQUIRE(message);
  return std::move(*message);
}

// The deliveries for one POST.
struct Delivered {
  std::vector<mux::Answer> answers;
  mux::Reply::Deliver into() {
    return [this](mux::Answer answer) { answers.push_back(std::move(answer)); };
  }
  std::string text() const { return answers.size() == 1 ? answers[0].text : "not one answer"; }
};

}  // namespace sidecar::test
