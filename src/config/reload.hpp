// Reload: which settings may change while the program runs, and what a new load of them changes.
// The others are named, and wait for the next start. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/sources.hpp"

namespace sidecar::config {

// By the name that is its own, e.g. LOG_LEVEL.
bool reloadable(std::string_view name);

struct Change {
  std::string_view name;    // of the setting
  std::string before;       // as --print-config shows it
  std::string after;        // the same
  bool taken_over = false;  // false: waits for the next start
};

// Takes those settings of `fresh` that may change, with their origins, into `running`. Returns all
// that differ, in the order of the table; other words for the same value are no difference.
std::vector<Change> take_over(Loaded& running, const Loaded& fresh);

}  // namespace sidecar::config
