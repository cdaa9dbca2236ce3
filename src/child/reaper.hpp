// Reaper: collects zombies that no Process waits for: orphans that the sidecar adopts as a
// subreaper, or as PID 1 of a container. It never collects a process that a Process waits for,
// because that wait would fail with ECHILD. Knows only pids. Owned by app; one per program. Loop
// thread only.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <sys/types.h>
#include <unordered_set>

#include "child/alive_token.hpp"

namespace sidecar::child {

class Reaper {
 public:
  explicit Reaper(boost::asio::io_context& loop);

  // The caller waits for `pid` itself. REQUIRES: called in the turn of the loop that started it.
  void own(pid_t pid) { owned_.insert(pid); }
  // The caller has collected `pid`, or leaves it to the reaper.
  void disown(pid_t pid);
  // How many zombies without an owner were collected.
  unsigned adopted() const { return adopted_; }

 private:
  void wait_for_signal();
  void sweep();

  boost::asio::signal_set signals_;
  std::unordered_set<pid_t> owned_;
  unsigned adopted_ = 0;
  AliveToken alive_;
};

}  // namespace sidecar::child
