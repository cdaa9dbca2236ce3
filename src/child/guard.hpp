// Guard: a tiny process that outlives us just long enough to kill the process groups that we leave
// behind when we die by SIGKILL. It knows the groups' numbers and nothing else; PR_SET_PDEATHSIG
// reaches only direct children, and `npx` or a shell leave grandchildren. It is a fork of ours
// without exec, in a session of its own, named "sidecar-guard", deaf to TERM, INT and HUP, with no
// descriptor but the pipe from us. The pipe's end is our death. It cannot reach a descendant that
// left its group by setsid: kill_remaining_children() does, unless we were killed. Owned by app.
// Loop thread only.
#pragma once

#include <sys/types.h>

#include "util/result.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::child {

class Guard {
 public:
  // REQUIRES: called before any thread is started: the fork would carry their locks.
  static Result<Guard> start();
  // Kills the groups that are still registered, ends the guard and waits for it (microseconds).
  ~Guard();
  Guard(Guard&&) noexcept;
  Guard& operator=(Guard&&) = delete;

  // Registers or forgets a group; at most 4096 are remembered. False: the guard is gone, nobody
  // will clean up. add() is async-signal-safe, so a forked child can register itself before it runs
  // anything.
  bool add(pid_t group) const noexcept { return tell(group); }
  bool remove(pid_t group) const noexcept { return tell(-group); }
  pid_t pid() const { return pid_; }

 private:
  Guard(pid_t pid, UniqueFd pipe) : pid_(pid), pipe_(std::move(pipe)) {}
  bool tell(pid_t message) const noexcept;

  pid_t pid_;
  UniqueFd pipe_;
};

}  // namespace sidecar::child
