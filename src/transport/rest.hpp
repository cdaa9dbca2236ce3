// REST: tools for clients that speak no MCP (OpenAI, webhooks, n8n's HTTP Request). Shapes as
// http-wrapper.cjs gave them: {"success":true,…} or {"success":false,"error":"…"}. What the child says is put
// in as raw bytes.
//
//   GET  /tools                   {"success":true,"tools":[…]}: every page of tools/list; with an ETag
//   POST /call-tool               {"name","arguments"?} → {"success":true,"result":<CallToolResult>}
//   POST /call-tool-stream        the same as an event stream: `progress` events, then `result` or `error`
//   GET  /info                    {"success":true,"serverInfo":<InitializeResult>}
//   GET  /vapi/functions {"success":true,"count":N,"functions":[{"name","description","parameters"}]} POST
//   /vapi/call               {"success":true,"function":name,"result":…} POST /openai/call-function    as
//   /vapi/call; `arguments` may be a JSON string, as OpenAI's are
//
// Failure: 500; 504 when the call timed out; 503 with Retry-After when no child takes calls; 429 with it when
// all clients together called it too often; 400 for a bad body. A client that goes away does not cancel its
// call. Owned by app; loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/exchange.hpp"
#include "http/server.hpp"
#include "mux/instances.hpp"
#include "observe/calls.hpp"

namespace sidecar::transport {

class Rest {
 public:
  // `timeout` of one call; `list_limit`: bytes that the tools of all pages may have; `stream`: of
  // /call-tool-stream.
  Rest(mux::Instances& instances, Clock::duration timeout, std::size_t list_limit, http::SseOptions stream);

  std::vector<http::Route> routes();
  // From now on `calls`, which outlives the calls, is told of them.
  void observe_by(const observe::Calls& calls) { calls_ = &calls; }

 private:
  struct ToolCall;
  class Listing;
  using Listed = std::function<void(tl::expected<std::vector<std::string>, mux::Answer>)>;

  void list_tools(http::Exchange exchange);
  void list_functions(http::Exchange exchange);
  void info(http::Exchange exchange);
  void call_tool(http::Exchange exchange, bool names_function);
  void call_tool_stream(http::Exchange exchange);

  using CallerPtr = std::shared_ptr<const observe::Caller>;

  // Every tool of every page that the caller may see, as raw JSON objects.
  void each_page(CallerPtr caller, Listed done);
  void send(const CallerPtr& caller, std::string_view method, std::string_view params,
            mux::Reply::Deliver deliver, mux::Reply::Notify progress = nullptr);

  mux::Instances& instances_;
  const Clock::duration timeout_;
  const std::size_t list_limit_;
  const http::SseOptions stream_;
  const observe::Calls* calls_ = nullptr;
};

}  // namespace sidecar::transport
