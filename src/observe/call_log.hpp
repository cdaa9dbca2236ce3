// CallLog: a line of the log for each call: tool calls at info, others at debug, what failed at
// warning. Arguments are not in it. Loop thread only.
#pragma once

#include <string>
#include <string_view>

#include "observe/calls.hpp"
#include "observe/log.hpp"

namespace sidecar::observe {

class CallLog : public CallSink {
 public:
  explicit CallLog(Log& log) : log_(log) {}

  bool wants_arguments() const override { return false; }
  Result<std::string> on_call_begin(const Caller&, CallArguments) override { return std::string(); }
  void on_call_end(const CallRecord& call, std::string kept) override;

 private:
  Log& log_;
};

}  // namespace sidecar::observe
