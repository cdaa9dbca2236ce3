// TokenBucket: how often something may happen. Holds `requests` tokens and fills up evenly, the
// whole of it in one window; each use takes one. Kept as one number, the time at which it is full
// again, so a bucket needs no timer, and one that is full again tells no more than a new one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "util/timers.hpp"

namespace sidecar {

// `requests` in a window; 0: no limit.
struct Rate {
  std::size_t requests = 0;
  std::chrono::milliseconds window{60'000};

  bool on() const { return requests > 0; }
  bool operator==(const Rate&) const = default;
};

// Requires a rate that is on and the same in every call.
class TokenBucket {
 public:
  // Uses that are possible at once.
  std::size_t remaining(const Rate& rate, Clock::time_point now) const {
    const Clock::duration owed = std::max(full_at_ - now, Clock::duration::zero());
    return static_cast<std::size_t>((rate.window - std::min<Clock::duration>(owed, rate.window)) /
                                    step(rate));
  }
  // Until so many uses are possible; zero when they are. More than the whole bucket never are.
  Clock::duration wait(const Rate& rate, Clock::time_point now, std::size_t uses = 1) const {
    return std::max(full_at_ - now + steps(rate, uses) - rate.window, Clock::duration::zero());
  }
  // Until it is full.
  Clock::duration until_full(Clock::time_point now) const {
    return std::max(full_at_ - now, Clock::duration::zero());
  }
  void consume(const Rate& rate, Clock::time_point now, std::size_t uses = 1) {
    full_at_ = std::max(full_at_, now) + steps(rate, uses);
  }

 private:
  static Clock::duration step(const Rate& rate) {
    return Clock::duration(rate.window) / static_cast<Clock::rep>(rate.requests);
  }
  static Clock::duration steps(const Rate& rate, std::size_t uses) {
    return step(rate) * static_cast<Clock::rep>(uses);
  }

  Clock::time_point full_at_{};  // long ago: full
};

}  // namespace sidecar
