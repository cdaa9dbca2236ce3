#include "observe/call_metrics.hpp"

namespace sidecar::observe {
namespace {

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

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
