// Process manager: PM2 starts several copies of a program for `-i N` (`-i max`), which suits
// programs that share a port. Copies of the sidecar would be rivals for one: all but the first are
// refused.
#pragma once

#include "config/sources.hpp"
#include "util/result.hpp"

namespace sidecar::app {

// Errors: one line, when PM2 started this process as another than the first copy.
Result<void> check_single(const config::Environment& environment);

}  // namespace sidecar::app
