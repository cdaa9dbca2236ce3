// A multiplexer on a child that the test plays, and the transports on top of it.
#pragma once

#include "jsonrpc/message.hpp"
#include "mux/multiplexer.hpp"
#include "session/session_table.hpp"
#include "support/catch.hpp"
#include "support/fake_exchange.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"

namespace sidecar::test {

struct World {
  explicit World(session::TableLimits table = {}) : sessions(timers, table, log, metrics) {}

  void ready() {
    link.up = true;
    multiplexer.on_child_started();
    answer(R"({"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}})");
    link.next();
  }

  // The id and method of the oldest line sent to the child, which the test has not seen yet.
  jsonrpc::Message take() {
    auto message = jsonrpc::parse(link.next());
    REQUIRE(message);
    return std::move(*message);
  }

  // Answers the oldest line.
  void answer(const std::string& result) {
    multiplexer.on_child_line(R"({"jsonrpc":"2.0","id":)" + std::string(take().id()) + R"(,"result":)" +
                              result + "}");
  }
  void answer_error(const std::string& error) {
    multiplexer.on_child_line(R"({"jsonrpc":"2.0","id":)" + std::string(take().id()) + R"(,"error":)" +
                              error + "}");
  }

  test::FakeLink link;
  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  mux::Multiplexer multiplexer{link, timers, {}, log, metrics};
  session::SessionTable sessions;
};

}  // namespace sidecar::test
