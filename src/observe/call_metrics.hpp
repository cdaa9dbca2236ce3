// CallMetrics: calls by tool and outcome, how long they took, and how much of that was the
// sidecar's own. Loop thread only.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "observe/calls.hpp"
#include "observe/metrics.hpp"

namespace sidecar::observe {

class CallMetrics : public CallSink {
 public:
  // Tools beyond it, and names that the wrapped server never had, are "other": names are the
  // client's.
  static constexpr std::size_t kMaxTools = 200;

  explicit CallMetrics(Metrics& metrics) : metrics_(metrics) {}

  bool wants_arguments() const override { return false; }
  Result<std::string> on_call_begin(const Caller&, CallArguments) override { return std::string(); }
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
