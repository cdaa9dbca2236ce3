#include "mux/features/log_level_table.hpp"

#include <algorithm>
#include <array>

namespace sidecar::mux {
namespace {

constexpr std::array<std::string_view, 8> kNames = {"debug", "info",     "notice", "warning",
                                                    "error", "critical", "alert",  "emergency"};

}  // namespace

std::optional<LogLevel> log_level(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<LogLevel>(found - kNames.begin());
}

std::string_view log_level_name(LogLevel level) {
  return kNames.at(static_cast<std::size_t>(level));
}

std::optional<LogLevel> LogLevelTable::for_child(std::size_t clients) const {
  if (levels_.empty()) return std::nullopt;
  LogLevel most = clients > levels_.size() ? kUnchosen : static_cast<LogLevel>(kNames.size() - 1);
  for (const auto& [client, level] : levels_) most = std::min(most, level);
  return most;
}

bool LogLevelTable::lets_through(ClientId client, std::optional<LogLevel> level) const {
  if (levels_.empty() || !level) return true;
  const auto chosen = levels_.find(client);
  return *level >= (chosen == levels_.end() ? kUnchosen : chosen->second);
}

}  // namespace sidecar::mux
