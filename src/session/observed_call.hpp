// Observed call: the one way of a client's request to the wrapped server, of sessions and of REST
// alike. Puts the caller's trace context into it, holds it to the caller's permissions
// (session/permission.hpp) and tells observe::Calls how it ended. Without a sink it costs nothing.
// Loop thread only.
#pragma once

#include <memory>

#include "mux/core/call.hpp"
#include "observe/calls.hpp"
#include "session/permission.hpp"

namespace sidecar::session {

// As send_permitted(). `calls`, which may be null, outlives `deliver`. A sink that refuses the call
// has it answered with Outcome::kUnavailable.
void send_observed(const observe::Calls* calls,
                   const std::shared_ptr<const observe::CallSource>& source,
                   const std::shared_ptr<const observe::Caller>& caller, jsonrpc::Message request,
                   mux::Reply::Deliver deliver, mux::Reply::Notify notify, const Send& send);

}  // namespace sidecar::session
