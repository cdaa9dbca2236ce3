// Cross checks: what two settings must be to each other.
#pragma once

#include "util/result.hpp"

namespace sidecar::config {

struct Loaded;

// Errors: one line that names both settings with their sources. Doubtful combinations become
// warnings of `loaded`.
Result<void> cross_check(Loaded& loaded);

}  // namespace sidecar::config
