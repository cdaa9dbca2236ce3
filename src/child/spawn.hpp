// spawn: starts a command as the leader of its own process group, with three pipes to the sidecar.
// It inherits nothing else: no other descriptor, no ignored signal, no variable that was not given.
// It is killed when the sidecar dies (PR_SET_PDEATHSIG, which depends on the thread that spawns).
// Loop thread only. Blocks until the exec: half a millisecond on an idle machine, however much
// memory the sidecar uses.
#pragma once

#include <sys/types.h>

#include "child/command.hpp"
#include "util/result.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::child {

class Guard;

struct Spawned {
  pid_t pid = -1;   // also the number of its process group
  UniqueFd input;   // our end of its stdin
  UniqueFd output;  // of its stdout
  UniqueFd errors;  // of its stderr
};

// Registers the group with `guard` before the command runs; the caller removes it after the process
// has ended. Errors: "cannot start: " and the error of find_command() or of the operating system.
Result<Spawned> spawn(const Launch& launch, const Guard& guard);

// For a process between its fork and its exec, or a fork without exec. Async-signal-safe.

// Closes every descriptor from `first` on.
void close_from(int first) noexcept;
// Sets close-on-exec on every descriptor from `first` on. Boost.Process 1.81 itself does not close
// those below its error pipe.
void close_from_on_exec(int first) noexcept;
// Sets `disposition` (SIG_DFL or SIG_IGN) for every signal that allows it.
void set_all_signals(void (*disposition)(int)) noexcept;
// Sets an empty signal mask.
void unblock_signals() noexcept;

}  // namespace sidecar::child
