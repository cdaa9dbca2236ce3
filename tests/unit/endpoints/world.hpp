// Instances with a fake child, and the session table over them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "endpoints/mcp/event_ring.hpp"
#include "jsonrpc/message.hpp"
#include "mux/pool/instances.hpp"
#include "session/session_table.hpp"
#include "session/stream_limit.hpp"
#include "support/catch.hpp"
#include "support/fake_exchange.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"

namespace sidecar::test {

inline child::ChildFactory one_child_at(FakeLink*& link) {
  return [&link](const std::string&) {
    auto child = std::make_unique<FakeLink>();
    link = child.get();
    return child;
  };
}

struct World {
  explicit World(session::TableLimits table = {}, std::size_t streams_per_address = 0,
                 endpoints::RingLimits ring_limits = {}, mux::InstancesOptions options = shared())
      : instances(one_child_at(link), timers, options, log, metrics),
        streams(streams_per_address, refusals, metrics),
        rings(timers, ring_limits, metrics),
        sessions(timers, table, log, metrics) {
    instances.start();
  }

  static mux::InstancesOptions shared() {
    mux::InstancesOptions options;
    options.sharing = mux::Sharing::kShared;
    return options;
  }

  void ready(const std::string& version = "2025-06-18", const std::string& capabilities = "{}") {
    link->come_up();
    answer(R"({"protocolVersion":")" + version + R"(","capabilities":)" + capabilities +
           R"(,"serverInfo":{"name":"s","version":"1"}})");
    link->next();
  }

  // Ends the child's process; the instance starts another one.
  void die(child::Exit exit = {}) const {
    link->up = false;
    if (exit.reason.empty()) exit.reason = "exited with code 1";
    link->events->on_child_exit(std::move(exit));
  }

  // Takes the oldest line that was sent to the child.
  jsonrpc::Message take() {
    auto message = jsonrpc::parse(link->next());
    REQUIRE(message);
    return std::move(*message);
  }

  // Takes the oldest line and answers it.
  void answer(const std::string& result) { answer(take(), result); }
  void answer(const jsonrpc::Message& request, const std::string& result) {
    link->say(R"({"jsonrpc":"2.0","id":)" + std::string(request.id()) + R"(,"result":)" + result +
              "}");
  }
  void answer_error(const std::string& error) {
    link->say(R"({"jsonrpc":"2.0","id":)" + std::string(take().id()) + R"(,"error":)" + error +
              "}");
  }

  FakeLink* link = nullptr;
  ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::RateLimitedLog refusals{log, timers};
  observe::Metrics metrics;
  mux::Instances instances;
  session::StreamLimit streams;
  endpoints::RingBudget rings;
  session::SessionTable sessions;
};

}  // namespace sidecar::test
