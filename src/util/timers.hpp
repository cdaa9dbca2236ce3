// Timers: the clock, and actions that run after a delay. The only seam for time: the program uses
// AsioTimers, tests use ManualTimers (tests/support), so that no test sleeps. Loop thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace sidecar {

using Clock = std::chrono::steady_clock;

// A pending action. Destroying or cancelling it cancels the action, even when it is due already.
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
  // Runs `action` once, `delay` from now, unless the returned Timer is destroyed before.
  [[nodiscard]] virtual Timer after(Clock::duration delay, std::function<void()> action) = 0;
};

}  // namespace sidecar
