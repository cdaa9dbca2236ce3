// SleepingCalls: calls that are answered later, each with ten steps of progress when its client
// asked for it. Knows time and progress; who gets the answer is the caller's `done`. One thread.
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

  // `send` gets the progress notifications.
  explicit SleepingCalls(Send send) : send_(std::move(send)) {}

  bool full() const { return calls_.size() >= kLimit; }
  std::size_t size() const { return calls_.size(); }

  // `progress_token` null: no progress. The first report (0) is sent at once, so that a client
  // knows when the call has begun; the last step is the answer itself, `done`. REQUIRES: !full().
  void start(Clock::time_point now, Json id, Json progress_token, Pause pause,
             std::function<void(Json result)> done);

  // Drops the call without an answer (MCP, Cancellation). An unknown id is a race by nature, and
  // ignored.
  void cancel(const Json& id);

  // When run_due() has work; nothing when no call sleeps.
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
