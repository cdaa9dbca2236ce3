// Entity tags: what a client that has a page already says of it. Any thread.
#pragma once

#include <string_view>

namespace sidecar::http {

// RFC 9110, section 13.1.2: whether an If-None-Match names the tag, which has its quotes. A weak
// form of it is the same here.
bool names_tag(std::string_view list, std::string_view tag);

}  // namespace sidecar::http
