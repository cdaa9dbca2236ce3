// Permission: which requests and notifications a caller may send to the wrapped server, by its
// permissions (auth::Permissions). Entries of lists that it may not see: session/list_filter.hpp. A
// caller with any restriction may send only the methods of the specification, because the effect of
// others is unknown. No state; loop thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.hpp"
#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"

namespace sidecar::session {

// The reason why `caller` may not send `request`; nullopt: it may.
std::optional<std::string> refusal(const auth::Principal& caller, const jsonrpc::Message& request);

using FetchToolPage = std::function<void(const std::string& params, mux::Reply::Deliver)>;

// Looks `tool` up in the pages of tools/list (session/tool_pages.hpp). `done` is called once,
// unless `fetch` drops its callback, with the reason against a call, to be put after the name of
// the tool; empty: the tool is annotated as read-only.
void check_read_only(const std::string& tool, FetchToolPage fetch,
                     std::function<void(std::string_view why)> done);

// Whether the client may send this notification.
bool may_notify(const auth::Principal& caller, std::string_view method);

}  // namespace sidecar::session
