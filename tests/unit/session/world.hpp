// Sessions without a transport, on a fake child that the test controls.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "session/session_table.hpp"
#include "support/played_child.hpp"

namespace sidecar::test {

class BareSession : public session::Session {
 public:
  static constexpr std::string_view kTransport = "bare";

  BareSession(std::string id, std::shared_ptr<const auth::Principal> caller,
              mux::Instances& instances, Timers& timers)
      : Session(kTransport, std::move(id), std::move(caller), instances, timers) {}
  ~BareSession() override { leave(); }
  void on_message(std::string text) override {
    count_sent(text.size());
    messages.push_back(std::move(text));
  }
  bool expendable() const override { return can_go; }

  std::vector<std::string> messages;
  bool can_go = false;
};

struct SessionWorld : ChildWorld {
  explicit SessionWorld(session::TableLimits limits = {}) : sessions(timers, limits, log, metrics) {
    ready("2025-11-25");
  }

  BareSession& open(const std::string& owner = "alice", const std::string& address = "192.0.2.1") {
    auto caller =
        std::make_shared<auth::Principal>(auth::Principal{owner, address, !owner.empty(), false});
    auto made = std::make_unique<BareSession>(session::SessionTable::new_id(), std::move(caller),
                                              instances, timers);
    BareSession& session = *made;
    sessions.add(std::move(made));
    return session;
  }

  session::SessionTable sessions;
};

// The deliveries for one POST.
struct Delivered {
  std::vector<mux::Answer> answers;
  mux::Reply::Deliver into() {
    return [this](mux::Answer answer) { answers.push_back(std::move(answer)); };
  }
  std::string text() const { return answers.size() == 1 ? answers[0].text : "not one answer"; }
};

}  // namespace sidecar::test
