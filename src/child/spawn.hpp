// spawn: starts a command as the leader of a process group of its own, with three pipes to us and
// nothing else of ours: no other descriptor, no ignored signal, no variable that was not given. It
// dies with us (PR_SET_PDEATHSIG, which is tied to the thread that spawns). Loop thread only.
// Blocks until the exec: half a millisecond on an idle machine, however much memory we have.
#pragma once

#include <sys/types.h>

#include "child/command.hpp"
#include "util/result.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::child {

class Guard;

struct Spawned {
  pid_t pid = -1;  // also the number of its process group
  UniqueFd input;  // our ends of its stdin, stdout and stderr
  UniqueFd output;
  UniqueFd errors;
};

// The group is registered with `guard` before the command runs; whoever waits for the process
// removes it there. Errors: "cannot start: " and what find_command() or the operating system says.
Result<Spawned> spawn(const Launch& launch, const Guard& guard);

}  // namespace sidecar::child
