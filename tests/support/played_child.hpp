// ChildWorld: instances over one shared child that the test plays. Fixtures extend it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "mux/pool/instances.hpp"
#include "support/catch.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"
#include "support/messages.hpp"

namespace sidecar::test {

inline mux::InstancesOptions shared_children(std::size_t count = 1) {
  mux::InstancesOptions options;
  options.sharing = mux::Sharing::kShared;
  options.shared = count;
  return options;
}

struct ChildWorld {
  explicit ChildWorld(const mux::InstancesOptions& options = shared_children())
      : instances(
            [this](const std::string&) {
              auto child = std::make_unique<FakeLink>();
              link = child.get();
              return child;
            },
            timers, options, log, metrics) {
    instances.start();
  }

  // Starts the child and answers its handshake.
  void ready(const std::string& version = "2025-06-18", const std::string& capabilities = "{}") {
    link->come_up();
    answer(initialize_result(version, capabilities));
    link->next();  // notifications/initialized
  }

  // Ends the child's process; the instance starts another one.
  void die(child::Exit exit = {}) const {
    link->up = false;
    if (exit.reason.empty()) exit.reason = "exited with code 1";
    link->events->on_child_exit(std::move(exit));
  }

  // Takes the oldest line that was sent to the child.
  jsonrpc::Message take() { return parsed(link->next()); }

  // Takes the oldest line and answers it.
  void answer(const std::string& result) { answer(take(), result); }
  void answer(const jsonrpc::Message& request, const std::string& result) const {
    link->say(answer_to(request, result));
  }
  void answer_error(const std::string& error) {
    link->say(R"({"jsonrpc":"2.0","id":)" + wire_id_of(link->next()) + R"(,"error":)" + error +
              "}");
  }

  FakeLink* link = nullptr;  // the child made last
  ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  mux::Instances instances;
};

}  // namespace sidecar::test
