// Tools: the table behind `tools/list` and `tools/call`; a tool is one row and one function.
// Tools do not block: a slow one returns a Pause.
// One thread: the `time` tool changes the process's TZ.
#pragma once

#include <chrono>
#include <string_view>
#include <variant>

#include "demo/rpc.hpp"

namespace sidecar::demo {

// The server answers with `result` after `duration`.
struct Pause {
  std::chrono::duration<double> duration;
  Json result;
};

// A CallToolResult, now or later.
using Outcome = std::variant<Json, Pause>;

// The `tools` array of tools/list.
Json list_tools();

// Arguments that violate the tool's schema give a result with isError, so that a model can read it
// and correct them (MCP 2025-11-25, Tools: error handling). Throws RpcError for an unknown tool.
Outcome call_tool(std::string_view name, const Json& arguments);

Json text_result(std::string_view text);
Json error_result(std::string_view text);

}  // namespace sidecar::demo
