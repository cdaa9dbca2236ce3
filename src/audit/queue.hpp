// Queue: passes records from the loop thread to the writer's thread under a mutex. Bounded in bytes
// and in bytes of each owner (Shares::leaves_room); push() refuses a record that does not fit and
// never blocks. A record occupies its bytes until the writer releases it. Owned by AuditLog. Any
// thread.
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

  // Reserves bytes for the record of a call that begins. False: the owner's share is used up.
  bool reserve(std::string_view owner, std::size_t bytes);
  // `reserved`: bytes that the owner reserved, which are returned; a record of at most that size
  // always fits. False: the owner's share is used up, or the queue is closed.
  bool push(Record record, std::size_t reserved = 0);
  // Removes and returns up to `most` of the oldest records.
  std::vector<Record> take(std::size_t most);
  // Frees the bytes of records that take() returned.
  void release(std::span<const Record> records);
  // Returns when the queue is closed, holds `enough` records, or at `until`.
  void wait(Clock::time_point until, std::size_t enough);
  // Makes push() fail from now on; take() still works.
  void close();

  bool closed() const;
  std::size_t size() const;
  // Bytes of records and reservations.
  std::size_t bytes() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Record> records_;
  Shares shares_;
  Holdings holdings_;
  std::size_t wanted_ = 1;  // `enough` of wait()
  bool closed_ = false;
};

}  // namespace sidecar::audit
