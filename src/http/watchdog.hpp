// Watchdog: one deadline that moves often and rarely expires. Moving it later is free: when the
// armed timer fires early, it re-arms itself. Owned by the object it watches; loop thread only.
#pragma once

#include <functional>
#include <utility>

#include "util/timers.hpp"

namespace sidecar::http {

class Watchdog {
 public:
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  Watchdog(Timers& timers, std::function<void()> action)
      : timers_(timers), action_(std::move(action)) {}

  void set(Clock::time_point due) {
    due_ = due;
    if (due < armed_for_) arm();
  }
  void cancel() {
    due_ = armed_for_ = kNever;
    timer_.cancel();
  }

 private:
  void arm() {
    armed_for_ = due_;
    timer_ = timers_.after(due_ - timers_.now(), [this] {
      armed_for_ = kNever;
      if (due_ == kNever) return;
      if (timers_.now() < due_) return arm();
      due_ = kNever;
      action_();  // may destroy the watchdog
    });
  }

  Timers& timers_;
  std::function<void()> action_;
  Timer timer_;
  Clock::time_point due_ = kNever;
  Clock::time_point armed_for_ = kNever;
};

}  // namespace sidecar::http
