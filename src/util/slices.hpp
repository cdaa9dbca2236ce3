// Slices: does long work on the loop in slices, one each turn of the loop, so that other events are
// handled in between. The jobs of one owner are done in their order, one at a time; owners take
// turns. At most kMaxOpen jobs are begun and not done, which bounds the memory of unfinished work.
// The queue itself has no limit; its users limit the jobs that they add. Work is done at once until
// the slice of this turn is used up, so small work does not wait for a turn. Loop thread only.
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
  // Cost of one turn, about 1 ms. The unit of cost is the time to read one byte of a tool.
  static constexpr std::size_t kSlice = 128 << 10;
  // Bytes that are copied in the time it takes to read one byte of a tool.
  static constexpr std::size_t kCopied = 16;
  static constexpr std::size_t kMaxOpen = 4;

  explicit Slices(Timers& timers) : timers_(timers) {}

  // Does a part of a job and returns its cost; 0: the job is done.
  using Step = std::function<std::size_t()>;
  // May run steps inside this call. A step may call add().
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
  std::deque<Job> open_;                             // the next one first
  std::map<std::string, std::deque<Step>> waiting_;  // by owner, none empty
  std::string begun_;                                // the owner whose job was begun last
  std::size_t spent_ = 0;                            // of this turn's slice
  Timer next_turn_;
  bool working_ = false;
  bool resting_ = false;  // until the next turn
};

}  // namespace sidecar
