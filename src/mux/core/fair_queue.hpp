// FairQueue: clients' calls and other messages that wait to be handed to the child. It takes them
// from the owners in turn; within an owner from its sessions in turn (calls without a session count
// as one session); within a session in order. So an owner that sends much, over any number of
// sessions, cannot delay the others. Charges Owner::waiting; the caller of push() bounds it. Owned
// by Multiplexer. Loop thread only.
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
    WireId id = 0;     // of a call; 0: another message
    std::string line;  // of another message
    std::size_t bytes = 0;
    std::uint64_t order = 0;  // sequence number of the push
  };

  // `waiting`: gauge of the bytes of all queues together.
  explicit FairQueue(prometheus::Gauge& waiting) : shown_(waiting) {}

  bool empty() const { return turns_.empty(); }
  // `bytes`: memory of the call.
  void push(const OwnerPtr& owner, ClientId client, WireId id, std::size_t bytes);
  void push(const OwnerPtr& owner, ClientId client, std::string line);
  // Memory of a message that is not a call.
  static std::size_t bytes_of(const std::string& line) { return line.size() + sizeof(Waiting); }

  // The oldest message of the session whose turn it is, of the owner whose turn it is.
  std::optional<Waiting> pop();
  // The owner's most recently pushed message.
  std::optional<Waiting> pop_newest(const Owner& owner);
  void remove(const Owner& owner, ClientId client, WireId id);
  // Returns the number of removed messages that are not calls.
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
    std::unordered_map<ClientId, Line> lines;  // sessions with waiting messages
    std::list<ClientId> turns;                 // the same sessions, next first
    std::list<const Owner*>::iterator turn;
  };
  using OwnerLines = std::unordered_map<const Owner*, Lines>::iterator;
  using SessionLine = std::unordered_map<ClientId, Line>::iterator;

  void push(const OwnerPtr& owner, ClientId client, Waiting waiting);
  Waiting take(OwnerLines owner, SessionLine line, const std::deque<Waiting>::iterator& which);

  std::unordered_map<const Owner*, Lines> owners_;  // with waiting messages
  std::list<const Owner*> turns_;                   // the same owners, next first
  std::uint64_t next_order_ = 0;
  std::size_t calls_ = 0;
  std::size_t bytes_ = 0;
  observe::GaugeShare shown_;
};

}  // namespace sidecar::mux
