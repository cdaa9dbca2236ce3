// RestartPolicy: when a child that ended is started again. A run was of use if it had answered a
// call and lived a second, or had done its handshake and lived longer than the longest delay: then
// the next start comes at once (100 ms). Consecutive runs of no use double the delay, with jitter,
// so that several sidecars do not start in step. Knows no processes and no clock. Owned by
// Supervisor.
#pragma once

#include <chrono>
#include <functional>

#include "util/timers.hpp"

namespace sidecar::child {

struct Run {
  Clock::duration lived{};
  bool ready = false;     // the handshake was answered
  bool answered = false;  // a call was
  bool failed = false;    // it was ended because it was of no use, or could not be started
};

class RestartPolicy {
 public:
  struct Delays {
    std::chrono::milliseconds first{100};
    std::chrono::milliseconds longest{30'000};
  };
  static constexpr std::chrono::seconds kUsefulLife{1};

  // `random`: uniform in [0, 1).
  RestartPolicy(Delays delays, std::function<double()> random)
      : delays_(delays), random_(std::move(random)) {}

  // Counts the run that ended; the time until the next start. With jitter half to all of the
  // doubled delay.
  Clock::duration after(const Run& run);
  // Consecutive runs of no use.
  unsigned failed_starts() const { return failed_starts_; }

 private:
  bool useful(const Run& run) const;

  Delays delays_;
  std::function<double()> random_;
  unsigned failed_starts_ = 0;
};

}  // namespace sidecar::child
