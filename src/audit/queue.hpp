// Queue: records on their way from the loop thread to the writer's: the one place where two threads
// meet. Bounded in bytes, and in bytes of each owner (Shares::leaves_room); a record that does not
// fit is refused, nobody waits. A record counts until the writer has placed it. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "audit/holdings.hpp"
#include "audit/record.hpp"
#include "util/shares.hpp"
#include "util/timers.hpp"

namespace sidecar::audit {

class Queue {
 public:
  explicit Queue(std::size_t limit_bytes) : shares_(limit_bytes), holdings_(shares_) {}

  // Keeps room for the record of a call that begins. False: the owner has used up its share.
  bool reserve(std::string_view owner, std::size_t bytes);
  // `reserved`: of the record's owner, given back; a record that is no larger always fits. False:
  // the owner has used up its share, or the queue is closed.
  bool push(Record record, std::size_t reserved = 0);
  // The oldest records, `most` at most; none when there are none.
  std::vector<Record> take(std::size_t most);
  // Records that were taken need no room any more.
  void release(std::span<const Record> records);
  // Until the queue is closed, `enough` records are there, or the time has come.
  void wait(Clock::time_point until, std::size_t enough);
  // Nothing is taken in any more; what is there may still be taken out.
  void close();

  bool closed() const;
  std::size_t size() const;
  // Of records and reservations.
  std::size_t bytes() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Record> records_;
  Shares shares_;
  Holdings holdings_;
  std::size_t wanted_ = 1;  // by who waits
  bool closed_ = false;
};

}  // namespace sidecar::audit
