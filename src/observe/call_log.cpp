#include "observe/call_log.hpp"

namespace sidecar::observe {
namespace {

constexpr std::size_t kShownSession = 8;  // characters, as in every line about a session

}  // namespace

void CallLog::on_call_end(const CallRecord& call, std::string /*kept*/) {
  const bool tool = call.method == "tools/call";
  const bool good = call.outcome == "ok" || call.outcome == "cancelled";
  const LogLevel level = !good ? LogLevel::kWarn : tool ? LogLevel::kInfo : LogLevel::kDebug;
  if (!log_.enabled(level)) return;
  const double milliseconds = std::chrono::duration<double, std::milli>(call.took).count();
  log_.write(level, tool ? "tool call" : "call",
             {{"method", call.method},
              {"name", call.subject},
              {"outcome", call.outcome},
              {"ms", milliseconds},
              {"session", std::string_view(call.source.session).substr(0, kShownSession)},
              {"transport", call.source.transport},
              {"key", call.caller.owner},
              {"address", call.caller.address},
              {"client", call.source.client_name},
              {"trace", call.caller.trace.trace_id()},
              {"error", call.error}});
}

}  // namespace sidecar::observe
