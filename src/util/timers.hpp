// Timers: the clock and what waits on it. The one seam for time: the program runs on AsioTimers,
// tests on ManualTimers (tests/support), so no test sleeps. Loop thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace sidecar {

using Clock = std::chrono::steady_clock;

// A pending action. Dropping or resetting it cancels the action: afterwards it never runs.
// Move-only; may be destroyed from inside its own action.
class Timer {
 public:
  class Pending {
   public:
    virtual ~Pending() = default;  // cancels
  };

  Timer() = default;
  explicit Timer(std::unique_ptr<Pending> pending) : pending_(std::move(pending)) {}
  void cancel() { pending_.reset(); }

 private:
  std::unique_ptr<Pending> pending_;
};

class Timers {
 public:
  virtual ~Timers() = default;
  virtual Clock::time_point now() const = 0;
  // Runs `action` once, `delay` from now, unless the returned Timer is dropped before.
  [[nodiscard]] virtual Timer after(Clock::duration delay, std::function<void()> action) = 0;
};

}  // namespace sidecar
