// EventRing: the newest events of one stream, for a client that comes back for what it missed.
// Bounded by itself and, with all other rings, by RingBudget: beyond it the owner whose rings hold
// most loses its oldest events, those of ended streams first. What falls out is gone: a client that
// asks for it is refused, never served with a gap. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "observe/metrics.hpp"
#include "util/shares.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

struct RingLimits {
  std::size_t events = 256;  // of one ring
  // of one ring; its newest event is kept whatever its size …
  std::size_t bytes = 1 << 20;
  std::size_t all_bytes = 64 << 20;  // … within this, of all rings together
  // a finished ring is emptied after this, or sooner for room
  std::chrono::minutes finished_for{5};
};

class EventRing;

// Owned by app, outlives every ring.
class RingBudget {
 public:
  RingBudget(Timers& timers, RingLimits limits, observe::Metrics& metrics);

  std::size_t bytes() const { return shares_.used(); }

 private:
  friend class EventRing;
  using Rings = std::list<EventRing*>;
  struct Account {
    Rings finished;  // oldest first
    Rings live;      // those that hold events, the longest unused first
    bool empty() const { return finished.empty() && live.empty(); }
  };
  struct Finished {
    EventRing* ring;
    Clock::time_point at;
  };

  // Takes events until all fits; `pushed`: of the ring that was given one last.
  void make_room(EventRing& pushed);
  // One step of it.
  void lose_oldest(Account& account);
  void expire();

  Timers& timers_;
  const RingLimits limits_;
  prometheus::Counter& dropped_;
  Shares shares_;
  std::unordered_map<std::string, Account> accounts_;  // by owner
  std::list<Finished> finished_;                       // oldest first
  Timer timer_;
};

class EventRing {
 public:
  struct Event {
    std::uint64_t number;  // 1, 2, … in its stream
    std::string data;
  };

  // `owner`: whose client the events are for.
  EventRing(RingBudget& budget, std::string_view owner)
      : budget_(budget), share_(budget.shares_.hold(owner)) {}
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
  bool holds_after(std::uint64_t number) const {
    return number <= last_ && number + events_.size() >= last_;
  }
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
  std::size_t bytes() const { return share_.amount(); }
  RingBudget::Account& account() { return budget_.accounts_[share_.owner()]; }
  // Where the account has it: among the live ones, the finished ones, or not at all.
  void list_in(RingBudget::Rings* rings);

  RingBudget& budget_;
  Shares::Holding share_;  // of all rings' bytes
  std::deque<Event> events_;
  std::uint64_t last_ = 0;
  std::uint64_t delivered_ = 0;
  RingBudget::Rings* listed_ = nullptr;
  RingBudget::Rings::iterator at_;
  std::list<RingBudget::Finished>::iterator place_;
  bool finished_ = false;
};

}  // namespace sidecar::endpoints
