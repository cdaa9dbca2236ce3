// EventRing: the newest events of one stream, for a client that comes back for what it missed. Bounded by
// itself and, with all other rings, by RingBudget. What falls out is gone: a client that asks for it is
// refused, never served with a gap. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <string>

#include "observe/metrics.hpp"
#include "util/timers.hpp"

namespace sidecar::transport {

struct RingLimits {
  std::size_t events = 256;              // of one ring
  std::size_t bytes = 1 << 20;           // of one ring; its newest event is kept whatever its size …
  std::size_t all_bytes = 64 << 20;      // … within this, of all rings together
  std::chrono::minutes finished_for{5};  // a finished ring is emptied after this, or sooner for room
};

class EventRing;

// Owned by app, outlives every ring.
class RingBudget {
 public:
  RingBudget(Timers& timers, RingLimits limits, observe::Metrics& metrics);

  std::size_t bytes() const { return bytes_; }

 private:
  friend class EventRing;
  struct Finished {
    EventRing* ring;
    Clock::time_point at;
  };

  // Empties finished rings, oldest first, until all fits.
  void make_room();
  void expire();

  Timers& timers_;
  const RingLimits limits_;
  prometheus::Counter& dropped_;
  std::size_t bytes_ = 0;
  std::list<Finished> finished_;  // oldest first
  Timer timer_;
};

class EventRing {
 public:
  struct Event {
    std::uint64_t number;  // 1, 2, … in its stream
    std::string data;
  };

  explicit EventRing(RingBudget& budget) : budget_(budget) {}
  ~EventRing();
  EventRing(const EventRing&) = delete;
  EventRing& operator=(const EventRing&) = delete;

  // Returns the event's number. `delivered`: a connection takes it too.
  std::uint64_t push(std::string data, bool delivered);
  // Number of the newest event ever pushed; 0: none was.
  std::uint64_t last() const { return last_; }
  // Up to where events were given to some connection, or lost.
  std::uint64_t delivered() const { return delivered_; }
  void mark_delivered() { delivered_ = last_; }

  // Whether everything after `number` is still here.
  bool holds_after(std::uint64_t number) const { return number <= last_ && number + events_.size() >= last_; }
  // Oldest first, without gaps; ends with last().
  const std::deque<Event>& events() const { return events_; }

  // Forgets all events.
  void discard();

  // Nothing more will be pushed: from now on it can be emptied for others.
  void finish();

 private:
  friend class RingBudget;
  void pop();
  void clear();

  RingBudget& budget_;
  std::deque<Event> events_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t delivered_ = 0;
  std::list<RingBudget::Finished>::iterator place_;
  bool finished_ = false;
};

}  // namespace sidecar::transport
