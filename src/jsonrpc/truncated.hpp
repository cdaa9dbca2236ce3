// The id of an answer that is not a message: it exceeded the line limit, so that only its beginning
// and its end were kept, or it is not valid.
// No state; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace sidecar::jsonrpc {

// The token of the top-level "id", if it is in `first` before any nested value, or in `last` after
// the last nested value. Nothing if that is uncertain, or if another member there reads like "id".
std::optional<std::string_view> id_of_truncated(std::string_view first, std::string_view last);

// The same for a whole line that parse() refuses, possibly with other text before the first brace.
// Nothing if it is not certain that the line is an answer: "result" or "error" is its first member
// that is not a scalar, or one of the scalars before it, and none of these is "method".
std::optional<std::string_view> id_of_unusable_answer(std::string_view line);

}  // namespace sidecar::jsonrpc
