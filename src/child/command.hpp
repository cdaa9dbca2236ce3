// Finds the file that a command stands for and checks that it can be run, so that an error names
// its cause before a process is created. Starts nothing. Reads the file system (stat, access, the
// first line of a script) and blocks meanwhile. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "util/result.hpp"

namespace sidecar::child {

// The command to start and its environment. No shell is involved.
struct Launch {
  std::vector<std::string> command;      // name or path, then arguments; REQUIRES: not empty
  std::vector<std::string> environment;  // the whole one, as NAME=value; none inherited
  std::string working_directory;         // empty: ours
  std::uint64_t descriptor_limit = 0;    // soft limit of open files; 0: ours
};

// The path of the file that `launch` would run. Not a guarantee: spawn() reports what only exec
// refuses, such as a busy file or a script without an interpreter line.
//
// A name without a slash is searched in the PATH of launch.environment, as execvp does; other names
// are paths, relative to the working directory.
// Errors: "node: No such file or directory", for a file that is missing or not executable, a
// missing working directory, or a script whose interpreter is missing.
Result<std::string> find_command(const Launch& launch);

}  // namespace sidecar::child
