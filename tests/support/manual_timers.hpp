// ManualTimers: time that stands still until a test moves it.
#pragma once

#include <map>
#include <memory>

#include "util/timers.hpp"

namespace sidecar::test {

class ManualTimers : public Timers {
  struct State {
    std::multimap<Clock::time_point, std::function<void()>> waiting;
  };
  using Position = std::multimap<Clock::time_point, std::function<void()>>::iterator;

  class Entry : public Timer::Pending {
   public:
    Entry(std::shared_ptr<State> state, Position position)
        : state_(std::move(state)), position_(position) {}
    ~Entry() override {
      if (*alive_) state_->waiting.erase(position_);
    }
    std::shared_ptr<bool> alive() const { return alive_; }

   private:
    std::shared_ptr<State> state_;
    Position position_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  };

 public:
  Clock::time_point now() const override { return now_; }

  [[nodiscard]] Timer after(Clock::duration delay, std::function<void()> action) override {
    auto position = state_->waiting.emplace(now_ + delay, nullptr);
    auto entry = std::make_unique<Entry>(state_, position);
    position->second = [alive = entry->alive(), action = std::move(action)] {
      *alive = false;
      action();
    };
    return Timer(std::move(entry));
  }

  // Moves the clock. Timers that fall due run in order, each at its own time.
  void advance(Clock::duration by) {
    const Clock::time_point target = now_ + by;
    while (!state_->waiting.empty() && state_->waiting.begin()->first <= target) {
      now_ = state_->waiting.begin()->first;
      auto node = state_->waiting.extract(state_->waiting.begin());
      node.mapped()();
    }
    now_ = target;
  }

  // One turn of the loop: runs the timers due now, not those that they add.
  void turn() {
    auto due = std::distance(state_->waiting.begin(), state_->waiting.upper_bound(now_));
    for (; due > 0 && !state_->waiting.empty() && state_->waiting.begin()->first <= now_; --due) {
      auto node = state_->waiting.extract(state_->waiting.begin());
      node.mapped()();
    }
  }

  std::size_t waiting() const { return state_->waiting.size(); }

 private:
  Clock::time_point now_{std::chrono::hours(1)};
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace sidecar::test
