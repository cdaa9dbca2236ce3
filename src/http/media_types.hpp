// What Content-Type, Accept and Accept-Encoding say, as far as it is asked (RFC 9110, sections 8.3
// and 12.5).
#pragma once

#include <string_view>

#include "http/message.hpp"

namespace sidecar::http {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kEventStreamType = "text/event-stream";

// Whether a Content-Type names `type`, with or without parameters.
bool is_type(std::string_view content_type, std::string_view type);

// Whether the Accept fields of a request allow `type`; the most specific range that fits it
// decides. No Accept field allows everything.
bool accepts(const Head& head, std::string_view type);

// Whether the Accept-Encoding fields allow a content coding such as "gzip". No such field asks for
// none.
bool accepts_coding(const Head& head, std::string_view coding);

}  // namespace sidecar::http
