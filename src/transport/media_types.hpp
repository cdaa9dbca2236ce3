// What Content-Type and Accept say, as far as MCP asks (RFC 9110, sections 8.3 and 12.5.1).
#pragma once

#include <string_view>

#include "http/message.hpp"

namespace sidecar::transport {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kEventStreamType = "text/event-stream";

// Whether a Content-Type names `type`, with or without parameters.
bool is_type(std::string_view content_type, std::string_view type);

// Whether the Accept fields of a request allow `type`; the most specific range that fits it decides. No
// Accept field allows everything.
bool accepts(const http::Head& head, std::string_view type);

}  // namespace sidecar::transport
