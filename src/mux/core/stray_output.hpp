// Recognises what a child writes to stdout in place of messages, for warnings that help. Pure; any
// thread.
#pragma once

#include <string_view>

namespace sidecar::mux {

// A description of the line for people; empty: not recognised.
std::string_view shape_of_stray(std::string_view line);

}  // namespace sidecar::mux
