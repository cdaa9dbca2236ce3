// Queue: records on their way from the loop thread to the writer's: the one place where two threads meet.
// Bounded in bytes; a record that does not fit is refused, nobody waits. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "audit/record.hpp"
#include "util/timers.hpp"

namespace sidecar::audit {

class Queue {
 public:
  explicit Queue(std::size_t limit_bytes) : limit_(limit_bytes) {}

  // False: it is full, or closed.
  bool push(Record record);
  // The oldest records, `most` at most; none when there are none.
  std::vector<Record> take(std::size_t most);
  // Until the queue is closed, `enough` records are there, or the time has come.
  void wait(Clock::time_point until, std::size_t enough);
  // Nothing is taken in any more; what is there may still be taken out.
  void close();

  bool closed() const;
  std::size_t size() const;
  std::size_t bytes() const;
  std::size_t limit() const { return limit_; }

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Record> records_;
  std::size_t bytes_ = 0;
  std::size_t wanted_ = 1;  // by who waits
  bool closed_ = false;
};

}  // namespace sidecar::audit
