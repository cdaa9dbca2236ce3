#include "endpoints/rest/rest.hpp"

#include <fmt/format.h>

#include "endpoints/rest/rest_answers.hpp"
#include "endpoints/rest/tool_functions.hpp"
#include "jsonrpc/message.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::endpoints {
namespace {

class AllTools : public ToolDocument {
 public:
  void add(const std::string& text, const ListedTool*) override {
    all_.append(count_++ == 0 ? "" : ",").append(text);
  }
  Result<std::string> text() override { return std::move(all_) + "]}"; }

 private:
  std::string all_ = R"({"success":true,"tools":[)";
  std::size_t count_ = 0;
};

// {"success":true,MORE"result":RESULT}. Reuses the text of the answer, which may be large.
std::string success_text(mux::Answer answer, std::string_view more = {}) {
  static constexpr std::string_view kStart = R"({"success":true,)";
  std::string text = std::move(answer.text);
  text.resize(answer.payload.end());
  text.replace(0, answer.payload.begin, R"({"success":true,"result":)");
  return text.insert(kStart.size(), more) += '}';
}

}  // namespace

// The body of a call, as raw JSON tokens.
struct Rest::ToolCall {
  std::string name;       // string token
  std::string arguments;  // object

  // `asked`: the word for the tool in error messages. Errors: the message for the client.
  static Result<ToolCall> parse(const std::string& body, std::string_view asked) {
    const auto found = jsonrpc::find_members(body, jsonrpc::whole(body), {"name", "arguments"});
    if (!found) return fail("Invalid request body: " + found.error().message);
    const auto [name, arguments] = *found;
    ToolCall call{std::string(name.in(body)), std::string(arguments.in(body))};
    if (call.name.empty() || call.name == "null" || call.name == R"("")")
      return fail(std::string(asked) + " name is required");
    if (call.name.front() != '"') return fail(std::string(asked) + " name must be a string");
    if (call.arguments.empty() || call.arguments == "null") call.arguments = "{}";
    const bool as_text = call.arguments.front() == '"';
    if (as_text) {
      // OpenAI passes arguments as the text of a JSON object, empty if there are none.
      auto text = jsonrpc::string_value(call.arguments);
      if (!text) return fail("arguments: " + text.error().message);
      call.arguments = text->empty() ? "{}" : std::move(*text);
    }
    if (call.arguments.front() == '{' && !as_text) return call;  // was checked with the body
    jsonrpc::pad(call.arguments);
    if (const auto object = jsonrpc::check_object(call.arguments); !object) {
      return fail("arguments must be a JSON object: " + object.error().message);
    }
    return call;
  }

  std::string params(std::string_view more = {}) const {
    static constexpr std::string_view kAround = R"({"name":,"arguments":})";
    std::string text;
    text.reserve(kAround.size() + name.size() + arguments.size() + more.size());
    text.append(R"({"name":)")
        .append(name)
        .append(R"(,"arguments":)")
        .append(arguments)
        .append(more);
    return text += '}';
  }
};

Rest::Rest(ToolCalls& calls, http::SseOptions stream) : calls_(calls), stream_(std::move(stream)) {}

std::vector<http::Route> Rest::routes() {
  const auto call = [this](Naming naming) {
    return [this, naming](http::Exchange exchange) { call_tool(std::move(exchange), naming); };
  };
  const auto to = [this](void (Rest::*serve)(http::Exchange)) {
    return [this, serve](http::Exchange exchange) { (this->*serve)(std::move(exchange)); };
  };
  constexpr RouteRules kRules{.access = Access::kClient};
  constexpr RouteRules kVapi{.access = Access::kClient, .vapi_secret = true};
  return {
      {"GET", "/tools", "tools", kRules, to(&Rest::list_tools)},
      {"POST", "/call-tool", "call-tool", kRules, call(Naming::kTool), true},
      {"POST", "/call-tool-stream", "call-tool-stream", kRules, to(&Rest::call_tool_stream)},
      {"GET", "/info", "info", kRules, to(&Rest::info)},
      {"GET", "/vapi/functions", "functions", kVapi, to(&Rest::list_functions)},
      {"POST", "/vapi/call", "call-function", kVapi, call(Naming::kFunction)},
      {"POST", "/openai/call-function", "call-function", kRules, call(Naming::kMappedFunction)}};
}

void Rest::list_tools(http::Exchange exchange) {
  auto held = std::make_shared<http::Exchange>(std::move(exchange));  // std::function copies
  calls_.list(held->request().caller, [held](const auto& list) {
    if (!list) return held->reply(failure_answer(list.error()));
    (*list)->document(
        "tools", [] { return std::make_unique<AllTools>(); },
        [held](const ToolList::Document& document) {
          held->reply(
              tagged(held->request(), document.digest, [&document] { return *document.text; }));
        });
  });
}

void Rest::list_functions(http::Exchange exchange) {
  auto held = std::make_shared<http::Exchange>(std::move(exchange));
  calls_.list(held->request().caller, [this, held](const auto& list) {
    if (!list) return held->reply(failure_answer(list.error()));
    (*list)->document(
        "vapi functions",
        [this] { return tool_functions(FunctionFormat::kVapi, calls_.changed_tools()); },
        [held](const ToolList::Document& document) { held->reply(json_answer(*document.text)); });
  });
}

void Rest::info(http::Exchange exchange) {
  auto held = std::make_shared<http::Exchange>(std::move(exchange));
  calls_.send(held->request().caller, mcp::method::kInitialize,
              fmt::format(R"({{"protocolVersion":"{}"}})", mcp::kLatestHandshakeVersion),
              [held](const mux::Answer& answer) {
                if (answer.outcome != mux::Outcome::kResult)
                  return held->reply(failure_answer(answer));
                held->reply(json_answer(fmt::format(R"({{"success":true,"serverInfo":{}}})",
                                                    answer.payload.in(answer.text))));
              });
}

void Rest::call_tool(http::Exchange exchange, Naming naming) {
  const auto call =
      ToolCall::parse(exchange.request().body, naming == Naming::kTool ? "Tool" : "Function");
  if (!call) return exchange.reply(json_answer(failure_text(call.error().message), 400));
  const std::string function =
      naming == Naming::kTool ? std::string() : fmt::format(R"("function":{},)", call->name);
  auto held = std::make_shared<http::Exchange>(std::move(exchange));
  const auto send = [this, held, function](const ToolCall& one) {
    calls_.send(held->request().caller, mcp::method::kToolsCall, one.params(),
                [held, function](mux::Answer answer) {
                  if (answer.outcome != mux::Outcome::kResult)
                    return held->reply(failure_answer(answer));
                  held->reply(json_answer(success_text(std::move(answer), function)));
                });
  };
  // A name with a lone surrogate is passed on unchanged.
  const auto name = jsonrpc::string_value(call->name);
  if (naming != Naming::kMappedFunction || !name) return send(*call);
  calls_.find(held->request().caller, *name,
              [send, held, call = *call, name = *name](const auto& found) {
                if (!found) return held->reply(failure_answer(found.error()));
                ToolCall one = call;
                if (*found != name) one.name = jsonrpc::string_token(*found);
                send(one);
              });
}

void Rest::call_tool_stream(http::Exchange exchange) {
  const auto call = ToolCall::parse(exchange.request().body, "Tool");
  if (!call) return exchange.reply(json_answer(failure_text(call.error().message), 400));
  const ToolCalls::CallerPtr caller = exchange.request().caller;
  // Shared by the two callbacks of the call; the stream ends when both are destroyed.
  auto stream = std::shared_ptr<http::SseStream>(exchange.open_sse({}, stream_));
  calls_.send(
      caller, mcp::method::kToolsCall, call->params(R"(,"_meta":{"progressToken":1})"),
      [stream](mux::Answer answer) {
        if (answer.outcome == mux::Outcome::kResult) {
          stream->send("result", success_text(std::move(answer)));
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

}  // namespace sidecar::endpoints
