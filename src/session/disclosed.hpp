// Disclosed: an answer that tells of the child's end, cut to what the caller may know of it
// (observe/caller.hpp).
#pragma once

#include <string_view>

#include "mux/core/call.hpp"
#include "observe/caller.hpp"

namespace sidecar::session {

// `id`: of the call, as the client sent it.
void disclose(const observe::Caller& caller, std::string_view id, mux::Answer& answer);

}  // namespace sidecar::session
