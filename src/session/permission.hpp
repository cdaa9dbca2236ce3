// Permission: holds what a caller asks of the wrapped server to what it may see and use
// (config::Permissions). A request that it may not send is answered here; what it may not use is
// taken out of the answers to lists (session/list_filter.hpp). A caller of whom anything is withheld is kept to the requests
// of the specification: what another one does cannot be known. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mux/core/call.hpp"
#include "observe/caller.hpp"

namespace sidecar::session {

// Where requests go on to. A reply that it does not use any more is dropped with all that waits for
// it.
using Send = std::function<void(jsonrpc::Message, mux::Reply)>;

// The id of a tools/list of the sidecar's own: by it, tools that are only read from are told from
// others when a caller that may only read calls one.
inline constexpr std::string_view kListingId = R"("mcp-sidecar/tools")";

// Why `caller` may not send `request`; nothing when it may.
std::optional<std::string> refusal(const observe::Caller& caller, const jsonrpc::Message& request);

// Sends `request` on if the caller may send it; `deliver` is called once, with Outcome::kForbidden
// when it may not. REQUIRES: kind kRequest.
void send_permitted(const std::shared_ptr<const observe::Caller>& caller, jsonrpc::Message request,
                    mux::Reply::Deliver deliver, mux::Reply::Notify notify, const Send& send);

// Whether a notification of the client may pass.
bool may_notify(const observe::Caller& caller, std::string_view method);

}  // namespace sidecar::session
