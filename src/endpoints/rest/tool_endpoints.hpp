// Tool endpoints: each tool as an endpoint of its own, and the documents that describe them.
//   GET  /openapi.json      OpenAPI 3.1 of the tools that the caller may see; ?for=actions: as GPT actions
//                           want it; with an ETag
//   POST /tools/<name>      the body is the arguments, empty for none; answers with the structured content of
//                           the result when it has some, else with its content; ?raw=1: the whole result
//   GET  /tools/<name>      {"success":true,"tool":{…}}: the tool as tools/list has it; with an ETag
//   GET  /openai/functions  an array for OpenAI's `tools`; ?format=chat (the default) or responses
// <name> is the tool's name, percent-encoded, or its function name (transport/tool_directory.hpp).
// Failure of a call: 422 when the tool says that it failed, with its content; 404 without such a
// tool; 400 for a bad body, and when the server refuses the arguments; else as
// transport/rest_answers.hpp has it. Owned by app; loop thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "endpoints/rest/openapi.hpp"
#include "endpoints/rest/tool_calls.hpp"
#include "http/server.hpp"

namespace sidecar::endpoints {

class ToolEndpoints {
 public:
  // What is true for the caller of a request, but for ApiFacts::for_actions.
  using Facts = std::function<ApiFacts(const http::Head&)>;

  ToolEndpoints(ToolCalls& calls, Facts facts);

  std::vector<http::Route> routes();

 private:
  class Call;

  void document(http::Exchange exchange);
  void functions(http::Exchange exchange);
  void describe(http::Exchange exchange);
  void call(http::Exchange exchange);

  ToolCalls& calls_;
  const Facts facts_;
};

}  // namespace sidecar::endpoints
