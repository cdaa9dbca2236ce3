#include "endpoints/rest/call_result.hpp"

#include <fmt/format.h>

#include "jsonrpc/read.hpp"

namespace sidecar::endpoints {
namespace {

std::string_view kind_of(std::string_view token) {
  switch (token.front()) {
    case '{':
      return "an object";
    case '"':
      return "a string";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "null";
    default:
      return "a number";
  }
}

}  // namespace

Result<CallResult> CallResult::of(const mux::Answer& answer) {
  const auto found = jsonrpc::find_members(answer.text, answer.payload,
                                           {"content", "structuredContent", "isError"});
  if (!found) return fail("the MCP server's result cannot be read: " + found.error().message);
  const auto [content, structured, is_error] = *found;
  CallResult result;
  result.structured = structured.in(answer.text);
  if (result.structured == "null") result.structured = {};
  result.failed = jsonrpc::is_true(answer.text, is_error);
  if (!content) return result;
  if (content.in(answer.text).starts_with('[')) {
    result.content = content.in(answer.text);
    return result;
  }
  result.other_ = content.in(answer.text);
  if (result.structured.empty() && !result.failed)
    return fail(fmt::format("the content of the MCP server's result is {}, not an array",
                            kind_of(result.other_)));
  return result;
}

std::string CallResult::text() const {
  if (!other_.empty()) return jsonrpc::string_value(other_).value_or("");
  std::string blocks(content);
  jsonrpc::pad(blocks);
  std::string all;
  for (const jsonrpc::Span block : jsonrpc::elements(blocks, jsonrpc::whole(blocks))) {
    const auto line = jsonrpc::string_member(blocks, block, "text");
    if (line && !line->empty()) all.append(all.empty() ? "" : "\n").append(*line);
  }
  return all;
}

std::string CallResult::failure() const {
  std::string all = text();
  return all.empty() ? "The tool reported a failure" : all;
}

}  // namespace sidecar::endpoints
