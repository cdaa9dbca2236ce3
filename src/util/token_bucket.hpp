// TokenBucket: limits how often something may happen. Holds up to `requests` tokens; each use takes
// one; it refills evenly, an empty bucket within one window. The only state is the time at which
// the bucket is full again. So it needs no timer, and a full bucket can be dropped, because a new
// one is equal. One thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "util/timers.hpp"

namespace sidecar {

// At most `requests` in a window; 0: no limit.
struct Rate {
  std::size_t requests = 0;
  std::chrono::milliseconds window{60'000};

  bool on() const { return requests > 0; }
  bool operator==(const Rate&) const = default;
};

// REQUIRES: a rate that is on() and the same in every call.
class TokenBucket {
 public:
  // How many uses are possible now.
  std::size_t remaining(const Rate& rate, Clock::time_point now) const {
    const Clock::duration owed = std::max(full_at_ - now, Clock::duration::zero());
    return static_cast<std::size_t>((rate.window - std::min<Clock::duration>(owed, rate.window)) /
                                    step(rate));
  }
  // Time until `uses` are possible; zero when they are now. Meaningless for more uses than
  // rate.requests, which are never possible at once.
  Clock::duration wait(const Rate& rate, Clock::time_point now, std::size_t uses = 1) const {
    return std::max(full_at_ - now + steps(rate, uses) - rate.window, Clock::duration::zero());
  }
  // Time until it is full.
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

  Clock::time_point full_at_{};  // in the past: full
};

}  // namespace sidecar
