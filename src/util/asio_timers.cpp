#include "util/asio_timers.hpp"

#include <algorithm>
#include <optional>

namespace sidecar {

class AsioTimers::Waiting : public Timer::Pending {
 public:
  Waiting(AsioTimers& timers, Clock::time_point due, std::function<void()> action)
      : timers_(timers), action_(std::move(action)), place_(timers.waiting_.emplace(due, this)) {}
  ~Waiting() override {
    if (place_) leave();
    // The loop ends when nothing waits.
    if (timers_.waiting_.empty() && timers_.armed_for_ != kNever) {
      timers_.armed_for_ = kNever;
      timers_.timer_.cancel();
    }
  }

  // The action may destroy this.
  void run() {
    leave();
    const auto action = std::move(action_);
    action();
  }

 private:
  void leave() {
    timers_.waiting_.erase(*place_);
    place_.reset();
  }

  AsioTimers& timers_;
  std::function<void()> action_;
  std::optional<std::multimap<Clock::time_point, Waiting*>::iterator> place_;
};

Timer AsioTimers::after(Clock::duration delay, std::function<void()> action) {
  const Clock::time_point from = now();
  const Clock::time_point due = from + std::clamp(delay, Clock::duration::zero(), kNever - from);
  auto waiting = std::make_unique<Waiting>(*this, due, std::move(action));
  arm();
  return Timer(std::move(waiting));
}

// Armed too early it looks again: a timer that is cancelled changes nothing.
void AsioTimers::arm() {
  if (waiting_.empty() || armed_for_ <= waiting_.begin()->first) return;
  armed_for_ = waiting_.begin()->first;
  timer_.expires_at(armed_for_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) run_due();
  });
}

// What the actions add waits for the next turn.
void AsioTimers::run_due() {
  armed_for_ = kNever;
  const Clock::time_point until = now();
  while (!waiting_.empty() && waiting_.begin()->first <= until) waiting_.begin()->second->run();
  arm();
}

}  // namespace sidecar
