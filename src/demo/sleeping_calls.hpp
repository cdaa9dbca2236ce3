// SleepingCalls: calls that are answered after a pause, with ten steps of progress when the client
// requested it. Owned by Server. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <optional>

#include "demo/rpc.hpp"
#include "demo/tools.hpp"

namespace sidecar::demo {

using Clock = std::chrono::steady_clock;

class SleepingCalls {
 public:
  static constexpr std::size_t kLimit = 10'000;
  static constexpr int kSteps = 10;

  // `send` receives the progress notifications.
  explicit SleepingCalls(Send send) : send_(std::move(send)) {}

  bool full() const { return calls_.size() >= kLimit; }
  std::size_t size() const { return calls_.size(); }

  // `progress_token` null: no progress. Step 0 is reported at once, so that a client sees the call
  // begin; the last step is the answer, passed to `done`. REQUIRES: !full().
  void start(Clock::time_point now, Json id, Json progress_token, Pause pause,
             std::function<void(Json result)> done);

  // Drops the call without an answer (MCP, Cancellation). Unknown ids are ignored: a cancellation
  // may cross the answer.
  void cancel(const Json& id);

  // The next time run_due() has work; empty without calls.
  std::optional<Clock::time_point> next_due() const;
  void run_due(Clock::time_point now);

 private:
  struct Call {
    Json id;
    Json progress_token;
    Pause pause;
    std::function<void(Json)> done;
    Clock::time_point began;
    int step = 0;  // reported so far

    Clock::time_point next() const;
  };

  void report(const Call& call) const;

  Send send_;
  std::list<Call> calls_;
};

}  // namespace sidecar::demo
