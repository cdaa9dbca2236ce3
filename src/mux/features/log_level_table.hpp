// LogLevelTable: the log level that each client chose. The child has one level for all: the most
// verbose of them. MCP 2025-11-25, Logging. Owned by LogLevels. Loop thread only.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>

#include "mux/core/call.hpp"

namespace sidecar::mux {

// By verbosity: 0 is debug, 7 emergency (RFC 5424, most verbose first).
using LogLevel = int;
std::optional<LogLevel> log_level(std::string_view name);
std::string_view log_level_name(LogLevel level);

class LogLevelTable {
 public:
  // For a client that did not choose, once another one did.
  static constexpr LogLevel kUnchosen = 1;  // info

  void set(ClientId client, LogLevel level) { levels_[client] = level; }
  void forget(ClientId client) { levels_.erase(client); }

  // The level for the child while `clients` clients live; nothing: nobody has chosen, the child
  // keeps its own.
  std::optional<LogLevel> for_child(std::size_t clients) const;
  // Whether a message goes to a client. An unknown level always does.
  bool lets_through(ClientId client, std::optional<LogLevel> level) const;

 private:
  std::unordered_map<ClientId, LogLevel> levels_;
};

}  // namespace sidecar::mux
