// RestartPolicy: the delay before a child that ended is started again. A run was useful if the
// child answered a call and lived for a second, or completed its handshake and lived at least for
// the longest delay; after a useful run the delay is the first one (100 ms). Each consecutive
// useless run doubles the delay, with jitter, so that several sidecars do not start in step. Knows
// no processes and no clock. Owned by Supervisor. Loop thread only.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "config/settings.hpp"
#include "util/timers.hpp"

namespace sidecar::child {

// One run of a child, from its start to its end.
struct Run {
  Clock::duration lived{};
  bool ready = false;     // the child answered the handshake
  bool answered = false;  // the child answered a call
  bool failed = false;    // the supervisor gave it up (handshake), or it could not be started
};

class RestartPolicy {
 public:
  using Delays = config::RestartDelays;
  static constexpr std::chrono::seconds kUsefulLife{1};

  // `random`: uniform in [0, 1).
  RestartPolicy(Delays delays, std::function<double()> random)
      : delays_(delays), random_(std::move(random)) {}

  // Counts a run that ended and returns the time until the next start. Jitter reduces the delay
  // after a useless run by up to half.
  Clock::duration after(const Run& run) {
    if (useful(run)) {
      failed_starts_ = 0;
      return delays_.first;
    }
    ++failed_starts_;
    std::chrono::milliseconds delay = delays_.first;
    for (unsigned i = 1; i < failed_starts_ && delay < delays_.longest; ++i) delay *= 2;
    const std::chrono::duration<double> jittered =
        std::min(delay, delays_.longest) * (0.5 + 0.5 * random_());
    return std::chrono::duration_cast<Clock::duration>(jittered);
  }
  // Consecutive useless runs.
  unsigned failed_starts() const { return failed_starts_; }

 private:
  bool useful(const Run& run) const {
    if (run.failed) return false;
    return (run.answered && run.lived >= kUsefulLife) ||
           (run.ready && run.lived >= delays_.longest);
  }

  Delays delays_;
  std::function<double()> random_;
  unsigned failed_starts_ = 0;
};

}  // namespace sidecar::child
