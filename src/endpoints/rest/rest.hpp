// REST: tools for clients that speak no MCP (OpenAI, webhooks, n8n's HTTP Request). Shapes as
// http-wrapper.cjs gave them: {"success":true,…} or {"success":false,"error":"…"}. What the child
// says is put in as raw bytes.
//
//   GET  /tools                   {"success":true,"tools":[…]}: every page of tools/list; with an ETag
//   POST /call-tool               {"name","arguments"?} → {"success":true,"result":<CallToolResult>}
//   POST /call-tool-stream        the same as an event stream: `progress` events, then `result` or `error`
//   GET  /info                    {"success":true,"serverInfo":<InitializeResult>}
//   GET  /vapi/functions {"success":true,"count":N,"functions":[{"name","description","parameters"}]} POST
//   /vapi/call               {"success":true,"function":name,"result":…} POST /openai/call-function    as
//   /vapi/call; `name` may be a function name (transport/tool_directory.hpp)
// `arguments` may be a JSON string, as OpenAI's are.
//
// Failure: 500; 504 when the call timed out; 503 with Retry-After when no child takes calls; 429
// with it when all clients together called it too often; 400 for a bad body. A client that goes
// away does not cancel its call. Owned by app; loop thread only.
#pragma once

#include <vector>

#include "endpoints/rest/tool_calls.hpp"
#include "http/exchange.hpp"
#include "http/server.hpp"

namespace sidecar::endpoints {

class Rest {
 public:
  // `stream`: of /call-tool-stream.
  Rest(ToolCalls& calls, http::SseOptions stream);

  std::vector<http::Route> routes();

 private:
  enum class Naming { kTool, kFunction, kMappedFunction };
  struct ToolCall;

  void list_tools(http::Exchange exchange);
  void list_functions(http::Exchange exchange);
  void info(http::Exchange exchange);
  void call_tool(http::Exchange exchange, Naming naming);
  void call_tool_stream(http::Exchange exchange);

  ToolCalls& calls_;
  const http::SseOptions stream_;
};

}  // namespace sidecar::endpoints
