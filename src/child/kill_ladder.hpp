// KillLadder: how a process is ended: asked by the end of its stdin, told by TERM, killed. A step
// is taken when the one before it has had its time. Knows nothing of processes: it calls back.
// Owned by Process. Loop thread only.
#pragma once

#include <array>
#include <chrono>
#include <functional>

#include "util/timers.hpp"

namespace sidecar::child {

struct KillTimes {
  std::chrono::milliseconds stdin_close{1'000};  // between the end of stdin and TERM
  std::chrono::milliseconds term{2'000};         // between TERM and KILL
};

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

  // Takes the first step now; later calls change nothing.
  void start();
  // Takes the last step now, whatever was done before.
  void kill();
  // Takes no further step: the process is gone.
  void cancel() { timer_.cancel(); }
  bool started() const { return next_ > 0; }

 private:
  void climb();

  Timers& timers_;
  KillTimes times_;
  std::function<void(KillStep)> act_;
  std::size_t next_ = 0;  // rung
  Timer timer_;
};

}  // namespace sidecar::child
