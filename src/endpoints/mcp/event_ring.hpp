// EventRing: the newest events of one stream, for a client that resumes it. Has limits of its own;
// RingBudget limits all rings together: when it is full, the owner whose rings hold most loses its
// oldest events, those of ended streams first. A client that asks for a lost event is refused,
// never served with a gap. Owned by EventChannel. Loop thread only.
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
  std::size_t events = 256;          // of one ring
  std::size_t bytes = 1 << 20;       // of one ring; its newest event may exceed this
  std::size_t all_bytes = 64 << 20;  // of all rings together; never exceeded
  // A finished ring is emptied after this, or earlier to make room.
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
    Rings live;      // rings with events, the least recently used first
    bool empty() const { return finished.empty() && live.empty(); }
  };
  struct Finished {
    EventRing* ring;
    Clock::time_point at;
  };

  // Drops events until the limit of all rings holds. `pushed`: the ring that has just grown.
  void make_room(EventRing& pushed);
  // Empties the account's oldest finished ring, or else drops one event of a live one.
  void lose_oldest(Account& account);
  // Empties finished rings that are due, and starts the timer for the next one.
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

  // `owner`: of the client that the events are for.
  EventRing(RingBudget& budget, std::string_view owner)
      : budget_(budget), share_(budget.shares_.hold(owner)) {}
  ~EventRing();
  EventRing(const EventRing&) = delete;
  EventRing& operator=(const EventRing&) = delete;

  // Returns the event's number. `delivered`: it is sent on a connection as well.
  std::uint64_t push(std::string data, bool delivered);
  // Number of the newest event ever pushed; 0 before the first.
  std::uint64_t last() const { return last_; }
  // Number of the newest event that was given to a connection, or lost.
  std::uint64_t delivered() const { return delivered_; }
  void mark_delivered() { delivered_ = last_; }

  // Whether all events after `number` are still kept.
  bool holds_after(std::uint64_t number) const {
    return number <= last_ && number + events_.size() >= last_;
  }
  // Oldest first, without gaps; ends with last().
  const std::deque<Event>& events() const { return events_; }

  // Drops all events.
  void discard();

  // No event follows. A finished ring is the first to be emptied when room is needed.
  void finish();

 private:
  friend class RingBudget;
  void pop();
  void clear();
  std::size_t bytes() const { return share_.amount(); }
  RingBudget::Account& account() { return budget_.accounts_[share_.owner()]; }
  // Moves the ring to this list of its account; nullptr: takes it off its list.
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
