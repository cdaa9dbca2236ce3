// Bodies of REST calls: which tool is called, with which arguments. Knows nothing of HTTP and of
// tools. No state; any thread.
#pragma once

#include <string>
#include <string_view>

#include "jsonrpc/read.hpp"
#include "util/result.hpp"

namespace sidecar::endpoints {

// A call, as raw JSON tokens.
struct NamedCall {
  std::string name;       // string token
  std::string arguments;  // object

  // The params of tools/call; `more`: further members, each preceded by a comma.
  std::string params(std::string_view more = {}) const;
};

// Where the arguments of a call may stand. OpenAI and MCP call them `arguments`; older requests of
// VAPI, `parameters`.
enum class ArgumentsMember { kArguments, kArgumentsOrParameters };

// The call in the object at `within`: {"name","arguments"?}. `arguments` is an object or, as in
// OpenAI's function calls, its text; null, "" and [] (PHP's empty array) mean no arguments.
// `asked`: the word for the tool in errors. Errors: the message for the client; also if a member
// such as `params` stands where `arguments` was meant. `body` is padded.
Result<NamedCall> read_call(const std::string& body, jsonrpc::Span within, std::string_view asked,
                            ArgumentsMember member = ArgumentsMember::kArguments);

// The same, or a whole tool call of OpenAI's Chat Completions:
// {"id","type":"function","function":{"name","arguments"}}.
Result<NamedCall> read_function_call(const std::string& body, jsonrpc::Span within,
                                     ArgumentsMember member = ArgumentsMember::kArguments);

// The arguments in a text of its own, padded; a blank text, null and [] are {}. Errors: it is
// neither these nor one JSON object.
Result<std::string> arguments_in(std::string text);

}  // namespace sidecar::endpoints
