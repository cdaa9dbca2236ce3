// KillLadder: the steps that end a process: close its stdin, TERM, KILL. Each step waits for a
// fixed time before the next. Knows nothing of processes: a callback takes the steps. Owned by
// Process. Loop thread only.
#pragma once

#include <array>
#include <chrono>
#include <functional>

#include "config/settings.hpp"
#include "util/timers.hpp"

namespace sidecar::child {

using KillTimes = config::KillTimes;

enum class KillStep { kCloseStdin, kTerminate, kKill };

struct KillRung {
  KillStep step;
  std::chrono::milliseconds KillTimes::*wait;  // until the next rung; null on the last
};

inline constexpr std::array kKillLadder{
    KillRung{KillStep::kCloseStdin, &KillTimes::stdin_close},
    KillRung{KillStep::kTerminate, &KillTimes::term},
    KillRung{KillStep::kKill, nullptr},
};

class KillLadder {
 public:
  KillLadder(Timers& timers, KillTimes times, std::function<void(KillStep)> act)
      : timers_(timers), times_(times), act_(std::move(act)) {}

  // Takes the first step now; later calls do nothing.
  void start() {
    if (!started()) climb();
  }
  // Takes the last step now and skips those before it; later calls do nothing.
  void kill() {
    timer_.cancel();
    if (next_ == kKillLadder.size()) return;
    next_ = kKillLadder.size() - 1;
    climb();
  }
  // Takes no further step, because the process is gone.
  void cancel() { timer_.cancel(); }
  bool started() const { return next_ > 0; }

 private:
  void climb() {
    const KillRung& rung = kKillLadder[next_++];
    if (rung.wait != nullptr) timer_ = timers_.after(times_.*rung.wait, [this] { climb(); });
    act_(rung.step);
  }

  Timers& timers_;
  KillTimes times_;
  std::function<void(KillStep)> act_;
  std::size_t next_ = 0;  // index of the next rung
  Timer timer_;
};

}  // namespace sidecar::child
