// Content negotiation and conditional requests, as far as they are used: the values of
// Content-Type, Accept and Accept-Encoding (RFC 9110, sections 8.3 and 12.5) and of If-None-Match
// (section 13.1.2). No state; any thread.
#pragma once

#include <string_view>

#include "http/message.hpp"

namespace sidecar::http {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kEventStreamType = "text/event-stream";
inline constexpr std::string_view kHtmlType = "text/html";

// Whether a Content-Type names `type`, with or without parameters.
bool is_type(std::string_view content_type, std::string_view type);

// Whether the Accept fields of a request allow `type`. The most specific matching range decides;
// its weight only matters if it is 0, which forbids the type. Without an Accept field everything
// is allowed.
bool accepts(const Head& head, std::string_view type);

// Whether the Accept fields name `type` itself, not by a wildcard, with a weight above 0.
bool accepts_by_name(const Head& head, std::string_view type);

// Whether the Accept-Encoding fields allow a content coding such as "gzip". Without the field
// nothing is allowed.
bool accepts_coding(const Head& head, std::string_view coding);

// Whether the value of If-None-Match names `tag`, an entity tag with its quotes. Weak tags match
// too.
bool names_tag(std::string_view list, std::string_view tag);

}  // namespace sidecar::http
