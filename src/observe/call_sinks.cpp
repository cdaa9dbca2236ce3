#include "observe/call_sinks.hpp"

namespace sidecar::observe {
namespace {

constexpr std::size_t kShownSession = 8;  // characters, as in every log line about a session

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

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
              {"trace", call.trace_id},
              {"error", call.error}},
             call.source.server);
}

CallMetrics::Tools::iterator CallMetrics::tool_of(const CallRecord& call) {
  if (const auto known = tools_.find(call.subject); known != tools_.end()) return known;
  const bool served = call.outcome == "ok" || call.outcome == "tool_error";
  if (!served || tools_.size() > kMaxTools) return others_;
  return tools_.try_emplace(std::string(call.subject)).first;
}

void CallMetrics::on_call_end(const CallRecord& call, std::string /*kept*/) {
  metrics_.call_seconds.Observe(seconds(call.took));
  if (call.at_child > Clock::duration::zero())
    metrics_.call_overhead_seconds.Observe(seconds(call.took - call.at_child));
  if (call.outcome == "forbidden") metrics_.refused("permission").Increment();
  if (call.method != "tools/call") return;
  const auto tool = tool_of(call);
  prometheus::Counter*& counter = tool->second[call.outcome];
  if (counter == nullptr) counter = &metrics_.tool_calls(tool->first, call.outcome);
  counter->Increment();
}

}  // namespace sidecar::observe
