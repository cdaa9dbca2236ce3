// Sends the requests of all clients, of sessions and of REST, to the wrapped server. Adds the
// caller's trace context, applies the caller's permissions (session/permission.hpp) and records the
// end of the call for observe::Calls. Without a sink there is no recording and no cost for it. Loop
// thread only.
#pragma once

#include <memory>

#include "mux/core/call.hpp"
#include "observe/calls.hpp"
#include "session/permission.hpp"

namespace sidecar::session {

// As send_permitted(). `calls` may be null and outlives `deliver`. If a sink refuses the call, the
// answer is Outcome::kUnavailable. Pings are not recorded.
void send_observed(const observe::Calls* calls,
                   const std::shared_ptr<const observe::CallSource>& source,
                   const std::shared_ptr<const observe::Caller>& caller, jsonrpc::Message request,
                   mux::Reply::Deliver deliver, mux::Reply::Notify notify, const Send& send);

}  // namespace sidecar::session
