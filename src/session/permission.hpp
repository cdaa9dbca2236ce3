// Permission: applies a caller's permissions (config::Permissions) to its requests to the wrapped
// server. A request that is not permitted is answered here; entries that the caller may not use are
// removed from the answers to lists (session/list_filter.hpp). A caller with any restriction may
// send only the methods of the specification, because the effect of others is unknown. Loop thread
// only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mux/core/call.hpp"
#include "observe/caller.hpp"

namespace sidecar::session {

// Passes a request on. It destroys a reply that it no longer needs, and with it the callbacks that
// the reply owns.
using Send = std::function<void(jsonrpc::Message, mux::Reply)>;

// Id of the sidecar's own tools/list. If a caller is restricted to read-only tools, the sidecar
// looks up the annotations of the tool that it calls.
inline constexpr std::string_view kListingId = R"("mcp-sidecar/tools")";

// The reason why `caller` may not send `request`; nullopt: it may.
std::optional<std::string> refusal(const observe::Caller& caller, const jsonrpc::Message& request);

// Passes `request` on if the caller may send it. `deliver` is called once; with
// Outcome::kForbidden if the request is not permitted. REQUIRES: kind kRequest.
void send_permitted(const std::shared_ptr<const observe::Caller>& caller, jsonrpc::Message request,
                    mux::Reply::Deliver deliver, mux::Reply::Notify notify, const Send& send);

// Whether the client may send this notification.
bool may_notify(const observe::Caller& caller, std::string_view method);

}  // namespace sidecar::session
