// Calls: the sinks (audit log, call log, metrics, recent calls) that receive a record of each call.
// session/client_call.hpp makes the records. Each call of a client ends in exactly one record:
// answered, refused, cancelled, or abandoned because the client disconnected. Pings are not
// recorded. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.hpp"
#include "observe/server_label.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"

namespace sidecar::observe {

// The origin of a call, besides its principal.
struct CallSource {
  std::string_view transport;  // a literal: "streamable-http", "sse", "rest"
  std::string session;         // id; empty: none
  std::string client_name;     // clientInfo of `initialize`; empty when absent
  std::string client_version;
  std::string server{kDefaultServer};  // name of the wrapped server
};

// References and views are valid during the call of a sink only.
struct CallRecord {
  std::chrono::system_clock::time_point began;
  const auth::Principal& caller;
  const CallSource& source;
  std::string_view method;
  std::string_view subject;  // name of the tool or prompt, URI of the resource; else empty
  // mux::outcome_name(), or "tool_error" when the result has isError
  std::string_view outcome;
  Clock::duration took;
  std::size_t request_bytes;
  std::size_t answer_bytes;     // 0: none
  std::string_view error;       // human-readable; empty: none
  Clock::duration at_child{};   // part of `took`; zero: the call did not reach the child
  std::string_view trace_id{};  // 32 hex digits; empty: none
};

struct CallArguments {
  std::string_view text;  // of a tool or prompt, raw JSON; empty: none, or no sink wants them
  bool readable = true;   // false: the request has arguments that could not be extracted
};

class CallSink {
 public:
  virtual ~CallSink() = default;
  virtual bool wants_arguments() const { return true; }
  // The returned text is passed back as `kept`; a sink copies what it needs of the arguments.
  // An Error refuses the call with its text; on_call_end() is not called then.
  virtual Result<std::string> on_call_begin(const auth::Principal& caller,
                                            CallArguments arguments) = 0;
  virtual void on_call_end(const CallRecord& record, std::string kept) = 0;
};

// Owned by app; outlives all calls.
class Calls {
 public:
  explicit Calls(const Timers& timers) : timers_(timers) {}

  // REQUIRES: no call has begun. The sink outlives all calls.
  void add(CallSink& sink) { sinks_.push_back(&sink); }
  const std::vector<CallSink*>& sinks() const { return sinks_; }
  Clock::time_point now() const { return timers_.now(); }

 private:
  const Timers& timers_;
  std::vector<CallSink*> sinks_;
};

}  // namespace sidecar::observe
