// Slices: long work on the loop, a slice of it each turn, so that what others wait for goes
// between. Each owner's jobs are done in their order, one at a time. Owners take turns; at most
// kMaxOpen jobs are begun and not done, so the memory of half-done work is bounded. What is queued
// is bounded by whoever adds jobs. Work is done at once until a turn's slice is used up, so small
// work costs no turn. Loop thread only.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "util/timers.hpp"

namespace sidecar {

class Slices {
 public:
  // Of one turn: what takes about 1 ms, in bytes of tools that are read.
  static constexpr std::size_t kSlice = 128 << 10;
  // What the loop copies in the time in which it reads one byte of a tool.
  static constexpr std::size_t kCopied = 16;
  static constexpr std::size_t kMaxOpen = 4;

  explicit Slices(Timers& timers) : timers_(timers) {}

  // Does a piece of a job and returns what it cost, as bytes; 0 when the job is done.
  using Step = std::function<std::size_t()>;
  // `owner`: on whose behalf; a step may add others.
  void add(const std::string& owner, Step step);

 private:
  struct Job {
    std::string owner;
    Step step;
  };

  bool is_open(const std::string& owner) const;
  void begin_jobs();
  void work();

  Timers& timers_;
  std::deque<Job> open_;                             // the next first
  std::map<std::string, std::deque<Step>> waiting_;  // by owner, none empty
  std::string begun_;                                // the owner whose job was begun last
  std::size_t spent_ = 0;                            // of this turn's slice
  Timer next_turn_;
  bool working_ = false;
  bool resting_ = false;  // until the next turn
};

}  // namespace sidecar
