// What is told of a child that has ended, as far as the one who asks may know.
#pragma once

#include <string>

#include "child/link.hpp"
#include "observe/caller.hpp"

namespace sidecar::mux {

class ChildDeath {
 public:
  explicit ChildDeath(const child::Exit& exit);

  // "the MCP server exited with code 1: <last line of stderr>"
  std::string message(observe::Disclosure told) const;
  // JSON: reason, exitCode or signal, restarts, stderr (array of lines)
  std::string data(observe::Disclosure told) const;

 private:
  std::string reason_;
  std::string line_;
  std::string facts_;   // members of an object
  std::string stderr_;  // array
};

}  // namespace sidecar::mux
