// Finding a command: which file a name stands for, and whether it can be run. Never starts
// anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "util/result.hpp"

namespace sidecar::child {

// What to start, and in which surroundings. Never through a shell.
struct Launch {
  std::vector<std::string> command;      // name or path, then the arguments; REQUIRES: not empty
  std::vector<std::string> environment;  // all of it, as NAME=value; nothing is inherited
  std::string working_directory;         // empty: ours
  std::uint64_t descriptor_limit = 0;    // soft limit of open files; 0: ours
};

// The file that `launch` would run. A name without a slash is searched in the PATH of
// launch.environment, as execvp does; other names are paths, relative to the working directory.
// Errors: one line without a prefix, "node: No such file or directory", for a missing or not
// executable file, a missing working directory, or a script whose interpreter is missing.
Result<std::string> find_command(const Launch& launch);

}  // namespace sidecar::child
