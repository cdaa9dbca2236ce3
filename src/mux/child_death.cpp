#include "mux/child_death.hpp"

#include <nlohmann/json.hpp>

namespace sidecar::mux {

ChildDeath describe(const child::Exit& exit) {
  nlohmann::ordered_json data = {{"reason", exit.reason}};
  if (exit.code) data["exitCode"] = *exit.code;
  if (exit.signal) data["signal"] = *exit.signal;
  data["restarts"] = exit.restarts;
  data["stderr"] = exit.stderr_tail;
  ChildDeath death;
  death.message = "the MCP server " + exit.reason;
  if (!exit.stderr_tail.empty()) death.message += ": " + exit.stderr_tail.back();
  death.data = data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return death;
}

}  // namespace sidecar::mux
