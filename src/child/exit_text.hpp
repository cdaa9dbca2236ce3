// Exit statuses for people.
#pragma once

#include <string>

namespace sidecar::child {

inline constexpr int kStatusUnknown = -1;  // somebody else collected the process

// "exited with code 1", "killed by signal 9 (SIGKILL)". `status`: as wait() gives it.
std::string exit_text(int status);

}  // namespace sidecar::child
