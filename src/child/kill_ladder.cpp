#include "child/kill_ladder.hpp"

namespace sidecar::child {

void KillLadder::start() {
  if (!started()) climb();
}

void KillLadder::kill() {
  timer_.cancel();
  if (next_ == kKillLadder.size()) return;
  next_ = kKillLadder.size() - 1;
  climb();
}

void KillLadder::climb() {
  const KillRung& rung = kKillLadder[next_++];
  if (rung.wait != nullptr) timer_ = timers_.after(times_.*rung.wait, [this] { climb(); });
  act_(rung.step);
}

}  // namespace sidecar::child
