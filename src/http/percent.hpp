// Percent-encoding of request targets (RFC 3986, section 2.1). No state; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sidecar::http {

// A plus sign means a space in form-encoded queries only.
enum class Plus { kLiteral, kSpace };

// Nothing if a '%' is not followed by two hex digits.
std::optional<std::string> percent_decoded(std::string_view text, Plus plus = Plus::kLiteral);

// Encodes everything but unreserved characters and '/'.
std::string percent_encoded(std::string_view text);

}  // namespace sidecar::http
