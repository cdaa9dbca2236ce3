// What a client is told when the child has ended.
#pragma once

#include <string>

#include "child/link.hpp"

namespace sidecar::mux {

struct ChildDeath {
  std::string message;  // "the MCP server exited with code 1: <last line of stderr>"
  std::string data;     // JSON: reason, exitCode or signal, restarts, stderr (array of lines)
};

ChildDeath describe(const child::Exit& exit);

}  // namespace sidecar::mux
