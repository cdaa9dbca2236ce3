// REST: tools for clients that do not use MCP (OpenAI, webhooks, n8n's HTTP Request). Answers have
// the predecessor's shapes (http-wrapper.cjs): {"success":true,…} or {"success":false,"error":"…"}.
// Results of the child are copied as raw bytes.
//
//   GET  /tools                 every page of tools/list; with an ETag:
//                               {"success":true,"tools":[…]}
//   POST /call-tool             {"name","arguments"?} →
//                               {"success":true,"result":<CallToolResult>}
//   POST /call-tool-stream      the same as an event stream: `progress` events, then `result` or
//                               `error`
//   GET  /info                  {"success":true,"serverInfo":<InitializeResult>}
//   GET  /vapi/functions        {"success":true,"count":N,
//                                "functions":[{"name","description","parameters"}]}
//   POST /openai/call-function  {"success":true,"function":name,"result":…}; the body may also be
//                               a whole tool call of Chat Completions
//   POST /vapi/call             as /openai/call-function; also takes the messages of VAPI's
//                               Function Tool (endpoints/rest/vapi.hpp)
//
// The bodies of calls: endpoints/rest/call_body.hpp. A name is that of the tool, or its function
// name (endpoints/rest/tool_directory.hpp).
// Failures: 400 for a bad body, 415 for a form, else the statuses of
// endpoints/rest/rest_answers.hpp. A client that disconnects does not cancel its call. Owned by
// app; loop thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "access/gate.hpp"
#include "endpoints/rest/call_body.hpp"
#include "endpoints/rest/tool_calls.hpp"
#include "http/exchange.hpp"
#include "http/server.hpp"

namespace sidecar::endpoints {

class Rest {
 public:
  // `stream`: options of /call-tool-stream. `gate`: the calls of a message of VAPI count as one
  // request each; nullptr: they are not counted.
  Rest(ToolCalls& calls, http::SseOptions stream, access::Gate* gate = nullptr);

  std::vector<http::Route> routes();

 private:
  // Shared by the callbacks of a request.
  using ExchangePtr = std::shared_ptr<http::Exchange>;
  class VapiCalls;

  void list_tools(http::Exchange exchange);
  void list_functions(http::Exchange exchange);
  void info(http::Exchange exchange);
  void call_tool(http::Exchange exchange);
  void call_function(http::Exchange exchange);
  void call_vapi(http::Exchange exchange);
  void call_tool_stream(http::Exchange exchange);
  // Calls the tool; `function`: a member for the answer, followed by a comma, or empty.
  void call(const ExchangePtr& exchange, const NamedCall& call, const std::string& function);
  void stream(const ExchangePtr& exchange, const NamedCall& call);
  bool within_rates(http::Exchange& exchange, std::size_t calls);

  ToolCalls& calls_;
  const http::SseOptions stream_;
  access::Gate* const gate_;
};

}  // namespace sidecar::endpoints
