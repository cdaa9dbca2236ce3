// Percent-encoding of request targets (RFC 3986, section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sidecar::http {

enum class Plus { kLiteral, kSpace };  // a plus sign is a space in form-encoded queries only

// Nothing when a '%' is not followed by two hex digits.
std::optional<std::string> percent_decoded(std::string_view text, Plus plus = Plus::kLiteral);

// Everything but unreserved characters and '/' is encoded.
std::string percent_encoded(std::string_view text);

}  // namespace sidecar::http
