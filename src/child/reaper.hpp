// Reaper: collects zombies that nobody waits for: orphans that came to us because we are a
// subreaper, or PID 1 of a container. It never collects a process that a Process waits for, whose
// own wait would fail with ECHILD then. Knows pids only. Owned by app; one per program. Loop thread
// only.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <sys/types.h>
#include <unordered_set>

#include "child/alive_token.hpp"

namespace sidecar::child {

class Reaper {
 public:
  explicit Reaper(boost::asio::io_context& loop);

  // `pid` is waited for by its owner. Call in the loop turn of its start.
  void own(pid_t pid) { owned_.insert(pid); }
  // The owner is done: it has collected it, or leaves that to the reaper.
  void disown(pid_t pid);
  // Zombies collected so far that were nobody's.
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
