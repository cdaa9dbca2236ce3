// FairQueue: calls that wait to be handed to the child, taken from those who make them in turn, so that one
// who sends much cannot hold up the others. Knows ids and sizes only; a "client" here is an Asker::turn.
// Bounded by whoever pushes: see bytes(). Owned by Multiplexer. Loop thread only.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <unordered_map>

#include "mux/numbers.hpp"
#include "observe/gauge_share.hpp"

namespace sidecar::mux {

class FairQueue {
 public:
  // `waiting`: bytes of all such queues together.
  explicit FairQueue(prometheus::Gauge& waiting) : shown_(waiting) {}

  bool empty() const { return turns_.empty(); }
  // `bytes`: what the call holds in memory.
  void push(Asker::Turn client, WireId id, std::size_t bytes);
  // The oldest call of the client whose turn it is.
  std::optional<WireId> pop();
  void remove(Asker::Turn client, WireId id);
  void clear();

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t bytes(Asker::Turn client) const;

 private:
  struct Waiting {
    WireId id;
    std::size_t bytes;
  };
  struct Line {
    std::deque<Waiting> calls;
    std::size_t bytes = 0;
    std::list<Asker::Turn>::iterator turn;
  };
  void account(Line& line, std::size_t gone);
  void show() { shown_.set(bytes_); }
  void drop(std::unordered_map<Asker::Turn, Line>::iterator line);

  std::unordered_map<Asker::Turn, Line> lines_;  // of clients with at least one call
  std::list<Asker::Turn> turns_;                 // the same clients, next first
  std::size_t size_ = 0;                         // calls
  std::size_t bytes_ = 0;                        // of them
  observe::GaugeShare shown_;
};

}  // namespace sidecar::mux
