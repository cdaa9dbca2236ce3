// Reduces an answer that describes the end of the child to the details that the caller may see
// (observe::Disclosure). Loop thread only.
#pragma once

#include <string_view>

#include "mux/core/call.hpp"
#include "observe/caller.hpp"

namespace sidecar::session {

// Does nothing if the child has not ended. `id`: of the call, as the client sent it.
void disclose(const observe::Caller& caller, std::string_view id, mux::Answer& answer);

}  // namespace sidecar::session
