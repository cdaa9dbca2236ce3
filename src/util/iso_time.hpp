// Points in time as text.
#pragma once

#include <chrono>
#include <string>

namespace sidecar {

// As JavaScript's toISOString writes it: "2026-11-25T21:00:00.000Z". For times from 1970 on.
std::string iso_time(std::chrono::system_clock::time_point time);

}  // namespace sidecar
