// Reload: knows which settings may change while the program runs, and finds what a new load
// changes. Changes of other settings are only reported; they wait for the next start. No state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/sources.hpp"

namespace sidecar::config {

// True if the setting may change while the program runs. `name`: its own name, e.g. LOG_LEVEL.
bool reloadable(std::string_view name);

struct Change {
  std::string_view name;    // of the setting
  std::string before;       // as --print-config shows it
  std::string after;        // the same
  bool taken_over = false;  // false: takes effect at the next start
};

// Copies the settings that may change, with their origins, from `fresh` to `running`. Returns all
// that differ, in the order of the table. Another spelling of the same value is not a difference.
std::vector<Change> take_over(Loaded& running, const Loaded& fresh);

}  // namespace sidecar::config
