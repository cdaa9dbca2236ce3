// FairQueue: what waits to be handed to the child, calls and other messages of clients. Taken from
// owners in turn, of an owner from its sessions in turn (its calls without a session are one more),
// of a session in its order: so one who sends much, over however many sessions, cannot hold up the
// others. Charges Owner::waiting. Bounded by whoever pushes. Owned by Multiplexer. Loop thread
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "mux/core/call.hpp"
#include "mux/core/owners.hpp"
#include "observe/metrics.hpp"

namespace sidecar::mux {

class FairQueue {
 public:
  struct Waiting {
    WireId id = 0;     // of a call; 0: a message that is none
    std::string line;  // that message
    std::size_t bytes = 0;
    std::uint64_t order = 0;  // rises with each that comes
  };

  // `waiting`: bytes of all such queues together.
  explicit FairQueue(prometheus::Gauge& waiting) : shown_(waiting) {}

  bool empty() const { return turns_.empty(); }
  // `bytes`: what the call holds in memory.
  void push(const OwnerPtr& owner, ClientId client, WireId id, std::size_t bytes);
  void push(const OwnerPtr& owner, ClientId client, std::string line);
  // What a message that is no call holds in memory.
  static std::size_t bytes_of(const std::string& line) { return line.size() + sizeof(Waiting); }

  // The next: the oldest of the session and of the owner whose turn it is.
  std::optional<Waiting> pop();
  // What came last of an owner.
  std::optional<Waiting> pop_newest(const Owner& owner);
  void remove(const Owner& owner, ClientId client, WireId id);
  // Returns how many messages that are no calls were among it.
  std::size_t clear();

  std::size_t calls() const { return calls_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t bytes(const Owner& owner, ClientId client) const;

 private:
  struct Line {
    std::deque<Waiting> waiting;
    std::size_t bytes = 0;
    std::list<ClientId>::iterator turn;
  };
  struct Lines {
    OwnerPtr owner;
    std::unordered_map<ClientId, Line> lines;  // of sessions of which something waits
    std::list<ClientId> turns;                 // the same sessions, next first
    std::list<const Owner*>::iterator turn;
  };
  using OwnerLines = std::unordered_map<const Owner*, Lines>::iterator;
  using SessionLine = std::unordered_map<ClientId, Line>::iterator;

  void push(const OwnerPtr& owner, ClientId client, Waiting waiting);
  Waiting take(OwnerLines owner, SessionLine line, const std::deque<Waiting>::iterator& which);

  std::unordered_map<const Owner*, Lines> owners_;  // of which something waits
  std::list<const Owner*> turns_;                   // the same owners, next first
  std::uint64_t next_order_ = 0;
  std::size_t calls_ = 0;
  std::size_t bytes_ = 0;
  observe::GaugeShare shown_;
};

}  // namespace sidecar::mux
