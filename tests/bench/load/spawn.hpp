// Starts a program with pipes or with this process's descriptors.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "util/unique_fd.hpp"

namespace sidecar::bench {

struct Piped {
  pid_t pid;
  UniqueFd to_stdin;
  UniqueFd from_stdout;
};

// Errors: throws if the program cannot be started.
Piped spawn_piped(const std::vector<std::string>& command);
// The program's stdin, stdout and stderr are /dev/null.
pid_t spawn_apart(const std::vector<std::string>& command);

}  // namespace sidecar::bench
