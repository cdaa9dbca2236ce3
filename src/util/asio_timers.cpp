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
    // Without a pending wait the loop can end.
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

// Cancelling one of several timers does not re-arm: the loop's timer then fires early, finds
// nothing due, and is armed again.
void AsioTimers::arm() {
  if (waiting_.empty() || armed_for_ <= waiting_.begin()->due) return;
  armed_for_ = waiting_.begin()->due;
  timer_.expires_at(armed_for_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) run_due();
  });
}

// Timers that the actions add run in a later turn of the loop, even when they are due at once.
void AsioTimers::run_due() {
  armed_for_ = kNever;
  const Clock::time_point until = now();
  while (!waiting_.empty() && waiting_.begin()->due <= until)
    static_cast<Waiting&>(*waiting_.begin()).run();
  arm();
}

}  // namespace sidecar
