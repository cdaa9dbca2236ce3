#include "transport/rest.hpp"

#include <array>
#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "session/observed_call.hpp"
#include "transport/entity_tag.hpp"
#include "util/hash.hpp"

namespace sidecar::transport {
namespace {

constexpr std::size_t kMaxPages = 1000;  // of one tools/list: a server whose cursors go in circles ends here
constexpr std::string_view kCallId = "1";

http::Response json(std::string body, int status = 200) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

// The answer with the tag of its body, or 304 for a client that has it already.
http::Response tagged(const http::Request& request, http::Response response) {
  const std::string tag = '"' + sha256_hex(response.body) + '"';
  if (names_tag(request.list_header("If-None-Match"), tag)) response = http::Response{.status = 304};
  response.fields.push_back({"ETag", tag});
  response.fields.push_back({"Cache-Control", "no-cache"});  // ask each time whether it still holds
  return response;
}

std::string failure_text(std::string_view message) {
  return fmt::format(R"({{"success":false,"error":{}}})", jsonrpc::string_token(message));
}

int status_of(mux::Outcome outcome) {
  switch (outcome) {
    case mux::Outcome::kForbidden:
      return 403;
    case mux::Outcome::kTimeout:
      return 504;
    case mux::Outcome::kOverRate:
      return 429;
    case mux::Outcome::kChildDied:
    case mux::Outcome::kUnavailable:
    case mux::Outcome::kBusy:
      return 503;
    default:
      return 500;
  }
}

http::Response failure(const mux::Answer& answer) {
  const int status = status_of(answer.outcome);
  std::string text = failure_text(answer.message);
  if (status == 429 && answer.retry_after)
    text.insert(text.size() - 1, fmt::format(R"(,"retryAfter":{})", answer.retry_after->count()));
  http::Response response = json(std::move(text), status);
  if (answer.retry_after)
    response.fields.push_back({"Retry-After", std::to_string(answer.retry_after->count())});
  return response;
}

mux::Answer own_failure(std::string_view message) {
  return mux::make_failure(mux::Outcome::kInternal, kCallId, mcp::code::kInternalError, message);
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text.append(text.empty() ? "" : ",").append(item);
  return text;
}

// A tool as a function in OpenAI's format. What the tool does not say gets the least that the format allows.
std::string function_of(const std::string& tool) {
  static constexpr std::array<std::string_view, 3> kNames = {"name", "description", "inputSchema"};
  const auto places = jsonrpc::find_members(tool, kNames);
  auto raw = [&](std::size_t i, std::string_view otherwise) {
    return places && (*places)[i] ? (*places)[i].in(tool) : otherwise;
  };
  return fmt::format(R"({{"name":{},"description":{},"parameters":{}}})", raw(0, R"("")"), raw(1, R"("")"),
                     raw(2, R"({"type":"object","properties":{}})"));
}

}  // namespace

// The body of a call: raw tokens of it.
struct Rest::ToolCall {
  std::string name;       // string token
  std::string arguments;  // object

  // Errors: what the client is told. `asked`: what the endpoint calls the name in its error.
  static Result<ToolCall> parse(const std::string& body, std::string_view asked) {
    static constexpr std::array<std::string_view, 2> kNames = {"name", "arguments"};
    const auto places = jsonrpc::find_members(body, kNames);
    if (!places) return fail("Invalid request body: " + places.error().message);
    ToolCall call{std::string((*places)[0].in(body)), std::string((*places)[1].in(body))};
    if (call.name.empty() || call.name == "null" || call.name == R"("")")
      return fail(std::string(asked) + " name is required");
    if (call.name.front() != '"') return fail(std::string(asked) + " name must be a string");
    if (call.arguments.empty() || call.arguments == "null") call.arguments = "{}";
    if (call.arguments.front() == '"') {
      // OpenAI hands a function's arguments over as the text of a JSON object, empty when there are none.
      auto text = jsonrpc::string_value(call.arguments);
      if (!text) return fail("arguments: " + text.error().message);
      call.arguments = text->empty() ? "{}" : std::move(*text);
    }
    jsonrpc::pad(call.arguments);
    if (const auto object = jsonrpc::find_members(call.arguments, {}); !object) {
      return fail("arguments must be a JSON object: " + object.error().message);
    }
    return call;
  }

  std::string params(std::string_view more = {}) const {
    return fmt::format(R"({{"name":{},"arguments":{}{}}})", name, arguments, more);
  }
};

Rest::Rest(mux::Instances& instances, Clock::duration timeout, std::size_t list_limit,
           http::SseOptions stream)
    : instances_(instances), timeout_(timeout), list_limit_(list_limit), stream_(std::move(stream)) {}

std::vector<http::Route> Rest::routes() {
  const auto function_call = [this](http::Exchange exchange) { call_tool(std::move(exchange), true); };
  return {{"GET", "/tools", "tools", [this](http::Exchange exchange) { list_tools(std::move(exchange)); }},
          {"POST", "/call-tool", "call-tool",
           [this](http::Exchange exchange) { call_tool(std::move(exchange), false); }},
          {"POST", "/call-tool-stream", "call-tool-stream",
           [this](http::Exchange exchange) { call_tool_stream(std::move(exchange)); }},
          {"GET", "/info", "info", [this](http::Exchange exchange) { info(std::move(exchange)); }},
          {"GET", "/vapi/functions", "functions",
           [this](http::Exchange exchange) { list_functions(std::move(exchange)); }},
          {"POST", "/vapi/call", "call-function", function_call},
          {"POST", "/openai/call-function", "call-function", function_call}};
}

void Rest::send(const CallerPtr& caller, std::string_view method, std::string_view params,
                mux::Reply::Deliver deliver, mux::Reply::Notify progress) {
  auto message = jsonrpc::parse(jsonrpc::request_text(kCallId, method, params));
  // Params were put together from checked parts; what they can still be is nested one level too deep.
  if (!message) return deliver(own_failure(message.error().message));
  static const auto kSource =
      std::make_shared<const observe::CallSource>(observe::CallSource{"rest", {}, {}, {}});
  session::send_observed(calls_, kSource, caller, std::move(*message), std::move(deliver),
                         std::move(progress), [this, caller](jsonrpc::Message request, mux::Reply reply) {
                           const std::string& owner = caller->has_key ? caller->owner : caller->address;
                           instances_.request(owner, std::move(request), std::move(reply), timeout_);
                         });
}

// --- lists
// ----------------------------------------------------------------------------------------------------------

// Follows nextCursor to the end. Kept alive by the call that it waits for.
class Rest::Listing : public std::enable_shared_from_this<Listing> {
 public:
  Listing(Rest& rest, CallerPtr caller, Listed done)
      : rest_(rest), caller_(std::move(caller)), done_(std::move(done)) {}

  void fetch(std::string_view params) {
    rest_.send(caller_, mcp::method::kToolsList, params,
               [self = shared_from_this()](mux::Answer answer) { self->page(std::move(answer)); });
  }

 private:
  void page(mux::Answer answer) {
    if (answer.outcome != mux::Outcome::kResult) return done_(tl::unexpected(std::move(answer)));
    static constexpr std::array<std::string_view, 2> kNames = {"tools", "nextCursor"};
    jsonrpc::pad(answer.text);
    const auto places = jsonrpc::find_members(answer.text, kNames, answer.payload);
    const auto tools = places && (*places)[0] ? jsonrpc::find_elements(answer.text, (*places)[0])
                                              : Result<std::vector<jsonrpc::Span>>(fail("no array of tools"));
    if (!tools)
      return done_(tl::unexpected(
          own_failure("the MCP server's answer to tools/list is of no use: " + tools.error().message)));
    for (jsonrpc::Span tool : *tools) {
      bytes_ += tool.size;
      tools_.emplace_back(tool.in(answer.text));
      jsonrpc::pad(tools_.back());
    }
    const std::string_view cursor = (*places)[1].in(answer.text);
    if (cursor.empty() || cursor == "null") return done_(std::move(tools_));
    if (++pages_ >= kMaxPages || bytes_ > rest_.list_limit_) {
      return done_(tl::unexpected(own_failure("tools/list has no end")));
    }
    fetch(fmt::format(R"({{"cursor":{}}})", cursor));
  }

  Rest& rest_;
  const CallerPtr caller_;
  Listed done_;
  std::vector<std::string> tools_;
  std::size_t pages_ = 0;
  std::size_t bytes_ = 0;
};

void Rest::each_page(CallerPtr caller, Listed done) {
  std::make_shared<Listing>(*this, std::move(caller), std::move(done))->fetch({});
}

void Rest::list_tools(http::Exchange exchange) {
  auto held = std::make_shared<http::Exchange>(std::move(exchange));  // std::function wants to copy
  each_page(held->request().caller, [held](auto tools) {
    if (!tools) return held->reply(failure(tools.error()));
    held->reply(
        tagged(held->request(), json(fmt::format(R"({{"success":true,"tools":[{}]}})", joined(*tools)))));
  });
}

void Rest::list_functions(http::Exchange exchange) {
  auto held = std::make_shared<http::Exchange>(std::move(exchange));
  each_page(held->request().caller, [held](auto tools) {
    if (!tools) return held->reply(failure(tools.error()));
    for (std::string& tool : *tools) tool = function_of(tool);
    held->reply(json(
        fmt::format(R"({{"success":true,"count":{},"functions":[{}]}})", tools->size(), joined(*tools))));
  });
}

void Rest::info(http::Exchange exchange) {
  auto held = std::make_shared<http::Exchange>(std::move(exchange));
  send(held->request().caller, mcp::method::kInitialize,
       fmt::format(R"({{"protocolVersion":"{}"}})", mcp::kLatestHandshakeVersion),
       [held](const mux::Answer& answer) {
         if (answer.outcome != mux::Outcome::kResult) return held->reply(failure(answer));
         held->reply(
             json(fmt::format(R"({{"success":true,"serverInfo":{}}})", answer.payload.in(answer.text))));
       });
}

// --- calls
// ----------------------------------------------------------------------------------------------------------

void Rest::call_tool(http::Exchange exchange, bool names_function) {
  const auto call = ToolCall::parse(exchange.request().body, names_function ? "Function" : "Tool");
  if (!call) return exchange.reply(json(failure_text(call.error().message), 400));
  const std::string function = names_function ? fmt::format(R"("function":{},)", call->name) : std::string();
  auto held = std::make_shared<http::Exchange>(std::move(exchange));
  send(held->request().caller, mcp::method::kToolsCall, call->params(),
       [held, function](const mux::Answer& answer) {
         if (answer.outcome != mux::Outcome::kResult) return held->reply(failure(answer));
         held->reply(json(
             fmt::format(R"({{"success":true,{}"result":{}}})", function, answer.payload.in(answer.text))));
       });
}

void Rest::call_tool_stream(http::Exchange exchange) {
  const auto call = ToolCall::parse(exchange.request().body, "Tool");
  if (!call) return exchange.reply(json(failure_text(call.error().message), 400));
  const CallerPtr caller = exchange.request().caller;
  // Shared by the progress and the end of one call; the stream ends with the last of them.
  auto stream = std::shared_ptr<http::SseStream>(exchange.open_sse({}, stream_));
  send(
      caller, mcp::method::kToolsCall, call->params(R"(,"_meta":{"progressToken":1})"),
      [stream](const mux::Answer& answer) {
        if (answer.outcome == mux::Outcome::kResult) {
          stream->send("result",
                       fmt::format(R"({{"success":true,"result":{}}})", answer.payload.in(answer.text)));
        } else {
          stream->send("error", failure_text(answer.message));
        }
      },
      [stream](std::string notification) {
        jsonrpc::pad(notification);
        const auto message = jsonrpc::parse(std::move(notification));
        if (message && message->method() == mcp::method::kProgress)
          stream->send("progress", std::string(message->envelope.params.in(message->text)));
      });
}

}  // namespace sidecar::transport
