// The sinks of every installation: CallLog writes a log line per call, CallMetrics counts and times
// calls. Neither looks at arguments. Owned by app::Program. Loop thread only.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "observe/calls.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

namespace sidecar::observe {

// Failed calls at warning, tool calls at info, others at debug.
class CallLog : public CallSink {
 public:
  explicit CallLog(Log& log) : log_(log) {}

  bool wants_arguments() const override { return false; }
  Result<std::string> on_call_begin(const auth::Principal&, CallArguments) override {
    return std::string();
  }
  void on_call_end(const CallRecord& call, std::string kept) override;

 private:
  Log& log_;
};

// Durations and overhead of all calls; tool calls by tool and outcome.
class CallMetrics : public CallSink {
 public:
  // Clients choose the names, so further tools, and tools the wrapped server does not have, are
  // counted as "other".
  static constexpr std::size_t kMaxTools = 200;

  explicit CallMetrics(Metrics& metrics) : metrics_(metrics) {}

  bool wants_arguments() const override { return false; }
  Result<std::string> on_call_begin(const auth::Principal&, CallArguments) override {
    return std::string();
  }
  void on_call_end(const CallRecord& call, std::string kept) override;

 private:
  using Outcomes = std::map<std::string_view, prometheus::Counter*>;
  using Tools = std::map<std::string, Outcomes, std::less<>>;
  Tools::iterator tool_of(const CallRecord& call);

  Metrics& metrics_;
  Tools tools_;
  Tools::iterator others_ = tools_.try_emplace("other").first;
};

}  // namespace sidecar::observe
