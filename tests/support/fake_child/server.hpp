// The MCP server: one line after the other.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace fake {

// What came so far.
struct State {
  std::vector<std::string> notifications;         // their methods
  std::vector<std::string> cancelled;             // raw request ids
  std::map<std::string, std::string> held_calls;  // key to raw id
  std::set<std::string> subscribed;
  std::string level;            // empty: none was set
  std::size_t calls_begun = 0;  // tools/call
  std::size_t pings = 0;
};
extern State state;

void handle(const std::string& line);

// How often this was called with that file, by whatever processes. The first `fatal` ones do not
// return.
std::size_t attempt(const std::string& path, std::size_t fatal);

}  // namespace fake
