// The id of a message that exceeded the line limit: only its beginning and its end were kept.
// No state; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace sidecar::jsonrpc {

// The token of the top-level "id", if it is in `first` before any nested value, or in `last` after
// the last nested value. Nothing if that is uncertain, or if another member there reads like "id".
std::optional<std::string_view> id_of_truncated(std::string_view first, std::string_view last);

}  // namespace sidecar::jsonrpc
