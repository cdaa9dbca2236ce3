#include "util/asio_timers.hpp"

#include <algorithm>

namespace sidecar {

class AsioTimers::Waiting : public Timer::Pending, public Place {
 public:
  Waiting(AsioTimers& timers, Clock::time_point when, std::function<void()> action)
      : Place(when), timers_(timers), action_(std::move(action)) {
    timers_.waiting_.insert(*this);
  }
  ~Waiting() override {
    unlink();
    // The loop ends when nothing waits.
    if (timers_.waiting_.empty() && timers_.armed_for_ != kNever) {
      timers_.armed_for_ = kNever;
      timers_.timer_.cancel();
    }
  }

  // The action may destroy this.
  void run() {
    unlink();
    const auto action = std::move(action_);
    action();
  }

 private:
  AsioTimers& timers_;
  std::function<void()> action_;
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
  if (waiting_.empty() || armed_for_ <= waiting_.begin()->due) return;
  armed_for_ = waiting_.begin()->due;
  timer_.expires_at(armed_for_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) run_due();
  });
}

// What the actions add waits for the next turn.
void AsioTimers::run_due() {
  armed_for_ = kNever;
  const Clock::time_point until = now();
  while (!waiting_.empty() && waiting_.begin()->due <= until)
    static_cast<Waiting&>(*waiting_.begin()).run();
  arm();
}

}  // namespace sidecar
