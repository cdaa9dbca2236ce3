// Slices: long work on the loop, a slice of it each turn, so that what others wait for goes
// between. Jobs take turns; the first slice of a job that nothing waits in front of is done at
// once, so small work costs no turn. Owned by app; loop thread only.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>

#include "util/timers.hpp"

namespace sidecar::endpoints {

class Slices {
 public:
  // Of one slice: what takes about 1 ms, in bytes of tools that are read.
  static constexpr std::size_t kSlice = 128 << 10;

  explicit Slices(Timers& timers) : timers_(timers) {}

  // Does a piece of a job and returns what it cost, as bytes; 0 when the job is done.
  using Step = std::function<std::size_t()>;
  void add(Step step);

 private:
  void work();

  Timers& timers_;
  std::deque<Step> jobs_;
  Timer timer_;
  bool working_ = false;
};

}  // namespace sidecar::endpoints
