// Calls: what is told of a client's call once it has ended, and to whom. One place makes the
// records (session/observed_call.hpp); the audit log takes them, and so may metrics and logs. Every
// call of a client ends in exactly one record, however it ends: answered, refused, withdrawn, or
// left behind by a client that has gone. Pings are no calls. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "observe/caller.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"

namespace sidecar::observe {

// Where a call came from, beyond its Caller.
struct CallSource {
  std::string_view transport;  // a literal: "streamable-http", "sse", "rest"
  std::string session;         // id; empty: none
  std::string client_name;     // as `initialize` said it; empty when not said
  std::string client_version;
};

// Valid while a sink is called.
struct CallRecord {
  std::chrono::system_clock::time_point began;
  const Caller& caller;
  const CallSource& source;
  std::string_view method;
  std::string_view subject;  // name of the tool or prompt, URI of the resource; else empty
  // mux::outcome_name(), or "tool_error" where the tool itself says that it failed
  std::string_view outcome;
  Clock::duration took;
  std::size_t request_bytes;
  std::size_t answer_bytes;    // 0: none
  std::string_view error;      // for people; empty when there is none
  Clock::duration at_child{};  // of `took`; zero: it did not get that far
};

struct CallArguments {
  std::string_view text;  // of a tool or prompt, raw JSON; empty: none, or nobody wants them
  bool readable = true;   // false: the request has some, but not in a form that says which
};

class CallSink {
 public:
  virtual ~CallSink() = default;
  virtual bool wants_arguments() const { return true; }
  // A call begins. What is returned comes back at the end: a sink copies of the arguments what it
  // needs. An Error refuses the call, with its text; then there is no end.
  virtual Result<std::string> on_call_begin(const Caller& caller, CallArguments arguments) = 0;
  virtual void on_call_end(const CallRecord& record, std::string kept) = 0;
};

// Who hears of calls. Outlives them.
class Calls {
 public:
  explicit Calls(const Timers& timers) : timers_(timers) {}

  // Before the first call; the sink outlives the last.
  void add(CallSink& sink) { sinks_.push_back(&sink); }
  const std::vector<CallSink*>& sinks() const { return sinks_; }
  Clock::time_point now() const { return timers_.now(); }

 private:
  const Timers& timers_;
  std::vector<CallSink*> sinks_;
};

}  // namespace sidecar::observe
