// Marked processes: those whose environment holds a variable that the sidecar gave to a child. Such
// a process is the child or a descendant of it, whatever its group, session or parent is now. A
// process whose environment cannot be read (of another user, not dumpable) or was overwritten is
// not found.
//
// Neither allocates nor locks, because the guard is a fork. Blocks for some microseconds for each
// process of the machine, and for as long as a process holds the lock of its memory: not for the
// loop thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <sys/types.h>

namespace sidecar::child {

inline constexpr std::size_t kMaxMark = 128;  // bytes of NAME=VALUE

// The signal for a marked process; 0: none. `value`: of its mark.
using ChooseSignal = std::function<int(pid_t pid, std::string_view value)>;

// Calls `choose` for each running process whose environment holds `name`, and sends the signal.
// Environment and signal go through one descriptor of /proc/PID, which never stands for another
// process that was given the same number later. False: some processes could not be examined,
// because no descriptor or memory was left.
bool signal_marked(std::string_view name, const ChooseSignal& choose);

}  // namespace sidecar::child
