// Overwrites secrets where the kernel shows them: the environment and the arguments that a process
// was started with stay in its memory, and in /proc/PID/environ and /proc/PID/cmdline, of which
// every user may read the latter.
#pragma once

namespace sidecar::config {

// `environment` and `arguments`: as main() has them, each ending in a null pointer. The values of
// secret settings become NUL bytes; names, lengths, and what comes after `--` stay. To be called
// once they are copied.
void overwrite_secrets(char* const* environment, char* const* arguments);

}  // namespace sidecar::config
