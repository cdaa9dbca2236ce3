// LogLevels: gives the child the most verbose log level that a client chose, and keeps from each
// client what is too verbose for it. MCP 2025-11-25, Logging. Owned by Multiplexer. Loop thread
// only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mux/core/feature.hpp"
#include "mux/features/log_level_table.hpp"

namespace sidecar::mux {

class LogLevels : public Feature {
 public:
  using Feature::Feature;

  std::optional<Answer> on_request(ClientId client, jsonrpc::Message& message, Call& call) override;
  std::optional<Answer> before_send(WireId id, Call& call) override;
  void on_result(WireId id, Call& call, Answer& answer) override;
  void on_abandoned(std::string_view method, const std::string& subject) override;
  void client_joined() override { adjust(); }
  void client_left(ClientId client) override;
  void child_ready() override;
  void migrate_to(Feature& successor) override;

  // Whether a log message goes to the client; every other message does.
  bool lets_through(ClientId client, const jsonrpc::Message& message) const;

 private:
  void adjust();

  LogLevelTable table_;
  std::optional<LogLevel> child_level_;  // the level that the child was given
};

}  // namespace sidecar::mux
