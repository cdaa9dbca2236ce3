// Reads of another process of the same user.
#pragma once

#include <string>
#include <sys/types.h>

namespace fake {

// A JSON object: for each access path (environ, cmdline, maps, mem, fd, cwd, ptrace,
// process_vm_readv, pidfd_getfd) the text that was read, or "denied: " and the reason.
std::string inspect(pid_t pid);

}  // namespace fake
