// ToolEndpoints: one endpoint per tool, and the documents that describe them.
//
//   GET  /openapi.json      OpenAPI 3.1 of the tools that the caller may see; with an ETag;
//                           ?for=actions: for import into GPT actions
//   POST /tools/<name>      the body is the arguments, empty for none; the answer is the structured
//                           content of the result if it has some, else its content;
//                           ?raw=1: the whole result
//   GET  /tools/<name>      {"success":true,"tool":{…}}: the tool as in tools/list; with an ETag
//   GET  /openai/functions  an array for OpenAI's `tools`; with an ETag;
//                           ?format=chat (the default) or responses
//
// <name> is the tool's name, percent-encoded, or its function name
// (endpoints/rest/tool_directory.hpp); a slash behind it is ignored unless such a tool is listed.
// Failures of a call: 422 with content and structured content if the result has isError; 502 if its
// content is not an array; 404 if there is no such tool; 400 for a bad body, for arguments in the
// query instead of a body, and if the server rejects the arguments; 415 for a form; else as in
// endpoints/rest/rest_answers.hpp. Owned by app; loop thread only.
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
  // The facts for the caller of a request, without ApiFacts::for_actions.
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
