// Guard: a small process that ends what the children have started when the sidecar dies by SIGKILL.
// PR_SET_PDEATHSIG reaches only direct children, but `npx` and shells leave grandchildren.
// Owned by app. Loop thread only.
//
// The guard is a fork of the sidecar without exec, in a session of its own, named "sidecar-guard".
// It ignores every signal that can be ignored, holds no descriptor of the sidecar but one end of a
// pipe, and knows only the numbers of the groups and the name of the mark (descendants.hpp). The
// end of file on the pipe means that the sidecar is dead: the guard kills the groups, and ends the
// marked processes as the sidecar would have done, by TERM and then KILL.
#pragma once

#include <chrono>
#include <string>
#include <sys/types.h>

#include "util/result.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::child {

class Guard {
 public:
  // `mark_name`: see Descendants; empty: only groups are killed. `term`: between TERM and KILL.
  // REQUIRES: no other thread exists, because the fork would copy locks that it holds.
  // Errors: "cannot start the guard: …".
  static Result<Guard> start(std::string mark_name = {}, std::chrono::milliseconds term = {});
  // Makes the guard kill the groups that are still registered and exit; waits for it
  // (microseconds). Marked processes are left: kill_remaining_children() has killed those.
  ~Guard();
  Guard(Guard&&) noexcept;
  Guard& operator=(Guard&&) = delete;

  // Registers or forgets a group. Beyond 4096 groups further ones are ignored. False: the guard is
  // gone, and nothing cleans up. Async-signal-safe, so a forked child registers itself before its
  // exec.
  bool add(pid_t group) const noexcept { return send(group); }
  bool remove(pid_t group) const noexcept { return send(-group); }
  pid_t pid() const { return pid_; }
  const std::string& mark_name() const { return mark_name_; }

 private:
  Guard(pid_t pid, UniqueFd pipe, std::string mark_name)
      : pid_(pid), pipe_(std::move(pipe)), mark_name_(std::move(mark_name)) {}
  bool send(pid_t message) const noexcept;

  pid_t pid_;
  UniqueFd pipe_;
  std::string mark_name_;
};

}  // namespace sidecar::child
