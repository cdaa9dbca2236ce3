// Reads the id of a message of which only the beginning and the end are left: a line beyond the
// limit.
#pragma once

#include <optional>
#include <string_view>

namespace sidecar::jsonrpc {

// The token of the top-level "id", when it certainly stands in `first` (before any nested value) or
// in `last` (after the last nested value); nothing when that cannot be told, or when another member
// there reads like it.
std::optional<std::string_view> id_of_truncated(std::string_view first, std::string_view last);

}  // namespace sidecar::jsonrpc
