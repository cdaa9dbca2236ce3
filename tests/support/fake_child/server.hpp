// The MCP server: handles one line after the other.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace fake {

// The messages received so far.
struct State {
  std::vector<std::string> notifications;         // their methods
  std::vector<std::string> cancelled;             // raw request ids
  std::map<std::string, std::string> held_calls;  // key → raw id
  std::set<std::string> subscribed;
  std::string level;            // empty: not set
  std::size_t calls_begun = 0;  // tools/call
  std::size_t pings = 0;
};
extern State state;

void handle(const std::string& line);

// The number of calls with that file so far, over all processes. The first `fatal` calls do not
// return.
std::size_t attempt(const std::string& path, std::size_t fatal);

}  // namespace fake
