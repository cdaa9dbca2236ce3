#include "child/restart_policy.hpp"

#include <algorithm>

namespace sidecar::child {

bool RestartPolicy::useful(const Run& run) const {
  if (run.failed) return false;
  return (run.answered && run.lived >= kUsefulLife) || (run.ready && run.lived >= delays_.longest);
}

Clock::duration RestartPolicy::after(const Run& run) {
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

}  // namespace sidecar::child
