// Tools: what `tools/list` shows and `tools/call` runs. A table; each tool is one row and one
// function. A tool never blocks: one that takes time says how long, and the server waits for it.
#pragma once

#include <chrono>
#include <string_view>
#include <variant>

#include "demo/json.hpp"

namespace sidecar::demo {

// A call that is answered later: after `duration`, with `result`.
struct Pause {
  std::chrono::duration<double> duration;
  Json result;
};

// A CallToolResult at once, or later.
using Outcome = std::variant<Json, Pause>;

// The `tools` array of tools/list.
Json list_tools();

// Arguments that do not fit the tool's schema give a result with isError, which a model can read
// and mend (MCP 2025-11-25, Tools: error handling). Throws RpcError when there is no tool of that
// name.
Outcome call_tool(std::string_view name, const Json& arguments);

Json text_result(std::string_view text);
Json error_result(std::string_view text);

}  // namespace sidecar::demo
