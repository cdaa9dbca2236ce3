// Session ids as requests name them: `Mcp-Session-Id` on /mcp; `?sessionId=<id>` or
// `/messages/<id>` on the paths for messages of legacy SSE; either on /rate-limit-status.
#pragma once

#include <optional>
#include <string>

#include "http/message.hpp"

namespace sidecar::endpoints {

// Nothing when the request names none. The id may be anybody's, or made up.
std::optional<std::string> named_session(const http::Head& head);

}  // namespace sidecar::endpoints
