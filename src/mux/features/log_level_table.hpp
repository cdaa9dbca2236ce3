// LogLevelTable: the log level that each client chose. The child has one level for all clients, the
// most verbose of theirs. MCP 2025-11-25, Logging. Owned by LogLevels. Loop thread only.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>

#include "mux/core/call.hpp"

namespace sidecar::mux {

// 0: debug … 7: emergency (the levels of RFC 5424, most verbose first).
using LogLevel = int;
std::optional<LogLevel> log_level(std::string_view name);
std::string_view log_level_name(LogLevel level);

class LogLevelTable {
 public:
  // The level of a client that has not chosen one, once another client has.
  static constexpr LogLevel kUnchosen = 1;  // info

  void set(ClientId client, LogLevel level) { levels_[client] = level; }
  void forget(ClientId client) { levels_.erase(client); }

  // The child's level while there are `clients` clients; nullopt: none has chosen, and the child
  // keeps its default.
  std::optional<LogLevel> for_child(std::size_t clients) const;
  // Whether a client gets messages of this level. Messages without a known level always pass.
  bool lets_through(ClientId client, std::optional<LogLevel> level) const;

 private:
  std::unordered_map<ClientId, LogLevel> levels_;
};

}  // namespace sidecar::mux
