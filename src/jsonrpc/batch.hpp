// Batches: JSON arrays of messages. Only MCP 2025-03-26 has them (Basic, Batching).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

namespace sidecar::jsonrpc {

// Whether the text begins as an array does.
bool looks_like_batch(std::string_view text);

// The elements of an array, each as a text of its own for parse(). Errors: not one valid JSON
// array. `text` needs kPadding bytes of capacity behind it.
Result<std::vector<std::string>> take_apart(const std::string& text);

}  // namespace sidecar::jsonrpc
