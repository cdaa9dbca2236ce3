#include "endpoints/rest/tool_endpoints.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "endpoints/rest/call_body.hpp"
#include "endpoints/rest/call_result.hpp"
#include "endpoints/rest/rest_answers.hpp"
#include "endpoints/rest/tool_functions.hpp"
#include "endpoints/rest/tool_texts.hpp"
#include "http/percent.hpp"
#include "jsonrpc/message.hpp"
#include "mcp/protocol.hpp"
#include "util/crypto.hpp"

namespace sidecar::endpoints {
namespace {

http::Response refusal(int status, std::string_view why) {
  return json_answer(failure_text(why), status);
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view part : parts) text += part;
  return text;
}

http::Response no_such_tool() { return refusal(404, "There is no such tool"); }

// The path after "/tools/"; empty if it is not valid UTF-8.
std::string named_tool(const http::Request& request) {
  std::string name = request.path.substr(ToolDirectory::kPath.size());
  if (jsonrpc::string_value(jsonrpc::string_token(name)).value_or("") != name) return {};
  return name;
}

// The body as the arguments of a call. Errors: the message for the client.
Result<std::string> arguments_of(std::string body) {
  auto arguments = arguments_in(std::move(body));
  if (!arguments)
    return fail("The body must be the tool's arguments, a JSON object: " +
                arguments.error().message);
  return arguments;
}

constexpr std::size_t kMaxNamed = 100;  // UTF-16 units of a client's word in an error

// Query parameters that are not meant as arguments.
constexpr std::string_view kNoArguments[] = {"raw", "api_key", "apiKey",   "apikey",
                                             "key", "token",   "sessionId"};

// The name of a query parameter that was meant as an argument: of a request without a body, any
// that has no other meaning. Empty: there is none.
std::string argument_in_query(const http::Request& request) {
  if (request.body.find_first_not_of(" \t\r\n") != std::string::npos) return {};
  std::string_view rest = request.query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::string_view token = pair.substr(0, pair.find('='));
    const std::string name =
        http::percent_decoded(token, http::Plus::kSpace).value_or(std::string(token));
    if (!pair.empty() && std::ranges::find(kNoArguments, name) == std::end(kNoArguments))
      return name;
  }
  return {};
}

// A boolean query parameter, off by default; nullopt: its value is invalid.
std::optional<bool> flag(const http::Request& request, std::string_view name) {
  const std::string value = request.query_value(name).value_or("0");
  if (value == "1" || value == "true") return true;
  if (value == "0" || value == "false") return false;
  return std::nullopt;
}

int error_code(mux::Answer& answer) {
  jsonrpc::pad(answer.text);
  const std::string_view code =
      jsonrpc::member(answer.text, answer.payload, "code").in(answer.text);
  for (const int known : {mcp::code::kInvalidParams, mcp::code::kMethodNotFound}) {
    if (code == std::to_string(known)) return known;
  }
  return 0;
}

}  // namespace

ToolEndpoints::ToolEndpoints(ToolCalls& calls, Facts facts)
    : calls_(calls), facts_(std::move(facts)) {}

std::vector<http::Route> ToolEndpoints::routes() {
  const std::string tool = std::string(ToolDirectory::kPath) + '*';
  const auto to = [this](void (ToolEndpoints::*serve)(http::Exchange)) {
    return [this, serve](http::Exchange exchange) { (this->*serve)(std::move(exchange)); };
  };
  constexpr RouteRules kRules{.access = Access::kClient};
  return {{"GET", "/openapi.json", "openapi", kRules, to(&ToolEndpoints::document)},
          {"GET", "/openai/functions", "functions", kRules, to(&ToolEndpoints::functions)},
          {"GET", tool, "tool", kRules, to(&ToolEndpoints::describe)},
          {"POST", tool, "tool", kRules, to(&ToolEndpoints::call), true}};
}

void ToolEndpoints::document(http::Exchange exchange) {
  const std::string reader = exchange.request().query_value("for").value_or("");
  if (!reader.empty() && reader != "actions")
    return exchange.reply(refusal(400, "for must be actions"));
  auto held = std::make_shared<http::Exchange>(std::move(exchange));
  calls_.list(held->request().caller, [this, held,
                                       for_actions = !reader.empty()](const auto& list) {
    if (!list) return held->reply(failure_answer(list.error()));
    const auto answer = [this, held, for_actions, list = *list](const mux::Answer& initialized) {
      if (initialized.outcome != mux::Outcome::kResult)
        return held->reply(failure_answer(initialized));
      std::string result(initialized.payload.in(initialized.text));
      jsonrpc::pad(result);
      ApiFacts facts = facts_(held->request());
      facts.for_actions = for_actions;
      // The client's URL is in the frame only, so it does not lead to further cached documents.
      list->document(
          fmt::format("openapi {} {}", facts.for_actions, facts.needs_key),
          [this, &facts] {
            return openapi_tools(facts.for_actions, facts.needs_key, calls_.changed_tools());
          },
          [held,
           frame = openapi_frame(ApiIdentity::of(result), facts)](const ToolList::Document& tools) {
            if (!tools.text) return held->reply(refusal(500, tools.text.error().message));
            held->reply(
                tagged(held->request(), sha256_hex(frame.head + tools.digest + frame.tail), [&] {
                  return joined({frame.head, *tools.text, frame.tail});
                }));
          });
    };
    calls_.send(held->request().caller, mcp::method::kInitialize,
                fmt::format(R"({{"protocolVersion":"{}"}})", mcp::kLatestHandshakeVersion), answer);
  });
}

void ToolEndpoints::functions(http::Exchange exchange) {
  const std::string format = exchange.request().query_value("format").value_or("chat");
  if (format != "chat" && format != "responses")
    return exchange.reply(refusal(400, "format must be chat or responses"));
  auto held = std::make_shared<http::Exchange>(std::move(exchange));
  calls_.list(held->request().caller, [this, held, format](const auto& list) {
    if (!list) return held->reply(failure_answer(list.error()));
    const auto form = format == "chat" ? FunctionFormat::kChat : FunctionFormat::kResponses;
    (*list)->document(
        "openai functions " + format,
        [this, form] { return tool_functions(form, calls_.changed_tools()); },
        [held](const ToolList::Document& document) {
          held->reply(
              tagged(held->request(), document.digest, [&document] { return *document.text; }));
        });
  });
}

void ToolEndpoints::describe(http::Exchange exchange) {
  const std::string name = named_tool(exchange.request());
  if (name.empty()) return exchange.reply(no_such_tool());
  auto held = std::make_shared<http::Exchange>(std::move(exchange));
  calls_.list(held->request().caller, [held, name](const auto& list) {
    if (!list) return held->reply(failure_answer(list.error()));
    const ListedTool* tool = (*list)->directory().find_in_path(name);
    if (tool == nullptr) return held->reply(no_such_tool());
    std::string body = fmt::format(R"({{"success":true,"tool":{}}})", tool->text());
    const std::string digest = sha256_hex(body);
    held->reply(tagged(held->request(), digest, [&body] { return std::move(body); }));
  });
}

// One call of a tool, from the name in the path to the answer. Its pending callback owns it.
class ToolEndpoints::Call : public std::enable_shared_from_this<Call> {
 public:
  Call(ToolCalls& calls, http::Exchange exchange, std::string arguments, bool raw)
      : calls_(calls),
        exchange_(std::move(exchange)),
        arguments_(std::move(arguments)),
        raw_(raw) {}

  void start(std::string name) {
    calls_.find_in_path(caller(), std::move(name), [self = shared_from_this()](const auto& found) {
      if (!found) return self->exchange_.reply(failure_answer(found.error()));
      self->name_ = *found;
      self->send();
    });
  }

 private:
  const ToolCalls::CallerPtr& caller() const { return exchange_.request().caller; }

  void send() {
    calls_.send(
        caller(), mcp::method::kToolsCall,
        fmt::format(R"({{"name":{},"arguments":{}}})", jsonrpc::string_token(name_), arguments_),
        [self = shared_from_this()](mux::Answer answer) { self->take(std::move(answer)); });
  }

  void take(mux::Answer answer) {
    if (answer.outcome == mux::Outcome::kError) return explain(std::move(answer));
    if (answer.outcome != mux::Outcome::kResult) return exchange_.reply(failure_answer(answer));
    if (raw_) return exchange_.reply(json_answer(std::string(answer.payload.in(answer.text))));
    jsonrpc::pad(answer.text);
    const auto result = CallResult::of(answer);
    if (!result) return exchange_.reply(refusal(502, result.error().message));
    if (!result->failed) return exchange_.reply(json_answer(std::string(result->body())));
    std::string more = joined({R"(,"content":)", result->content});
    if (!result->structured.empty())
      more += joined({R"(,"structuredContent":)", result->structured});
    answer_failed(json_answer(failure_text(result->failure(), more), 422));
  }

  // Answers with an error of the server: 400 for invalid params, 500 for all others. With invalid
  // params and unknown methods, answer_failed() may turn it into 404.
  void explain(mux::Answer answer) {
    http::Response response = failure_answer(answer);
    const int code = error_code(answer);
    if (code == 0) return exchange_.reply(std::move(response));
    if (code == mcp::code::kInvalidParams) response.status = 400;
    answer_failed(std::move(response));
  }

  // Answers with `response`, or with 404 if the tool is not listed. Servers report an unknown tool
  // in different ways, many of them as a result with isError.
  void answer_failed(http::Response response) {
    calls_.list(caller(),
                [self = shared_from_this(), response = std::move(response)](const auto& list) {
                  http::Response answer = response;
                  if (list && (*list)->directory().find(self->name_) == nullptr)
                    answer.status = 404;
                  self->exchange_.reply(std::move(answer));
                });
  }

  ToolCalls& calls_;
  http::Exchange exchange_;
  const std::string arguments_;
  const bool raw_;
  std::string name_;
};

void ToolEndpoints::call(http::Exchange exchange) {
  std::string name = named_tool(exchange.request());
  if (name.empty()) return exchange.reply(no_such_tool());
  const auto raw = flag(exchange.request(), "raw");
  if (!raw) return exchange.reply(refusal(400, "raw must be 0 or 1"));
  if (auto form = refused_form(exchange.request())) return exchange.reply(*std::move(form));
  if (const std::string meant = argument_in_query(exchange.request()); !meant.empty())
    return exchange.reply(refusal(
        400,
        fmt::format(R"(The arguments go into the body, a JSON object, not into the query: "{}")",
                    shortened(meant, kMaxNamed))));
  auto arguments = arguments_of(exchange.take_body());
  if (!arguments) return exchange.reply(refusal(400, arguments.error().message));
  std::make_shared<Call>(calls_, std::move(exchange), std::move(*arguments), *raw)
      ->start(std::move(name));
}

}  // namespace sidecar::endpoints
