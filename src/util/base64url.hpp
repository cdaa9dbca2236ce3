// The alphabet of RFC 4648, section 5, as JOSE uses it: without padding.
#pragma once

#include <algorithm>
#include <string_view>

namespace sidecar {

inline bool is_base64url(std::string_view text) {
  return !text.empty() && text.size() % 4 != 1 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

}  // namespace sidecar
