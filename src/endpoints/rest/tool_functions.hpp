// Tool functions: the tools of one list as functions that a model may call, in the formats of
// OpenAI and VAPI. Names are function names (tool_directory); descriptions are cut at 1024
// characters, those of parameters at 4096; the input schemas are cleaned (schema_writer), the
// targets of their references are in `$defs`. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "endpoints/rest/tool_changes.hpp"
#include "endpoints/rest/tool_document.hpp"

namespace sidecar::endpoints {

enum class FunctionFormat {
  kChat,       // an array for OpenAI: {"type":"function","function":{"name","description"?,…}}
  kResponses,  // {"type":"function","name","description"?,"parameters","strict":false}
  kVapi,       // {"success":true,"count":N,"functions":[{"name","description","parameters"}]}
};

// `changed` outlives the document.
std::unique_ptr<ToolDocument> tool_functions(FunctionFormat format, ChangedTools& changed);

// The input schema of a tool; any object if it has none.
std::string_view input_schema(const ListedTool& tool);

// The change of a tool's name into its function name, if they differ.
ToolChanges changes_of_name(const ListedTool& tool);

// Reports a tool that the directory leaves out.
void report_left_out(const std::string& text, ChangedTools& changed);

}  // namespace sidecar::endpoints
