#include "endpoints/rest/rest.hpp"

#include <fmt/format.h>
#include <utility>

#include "endpoints/rest/rest_answers.hpp"
#include "endpoints/rest/tool_functions.hpp"
#include "endpoints/rest/vapi.hpp"
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

Rest::Rest(ToolCalls& calls, http::SseOptions stream, access::Gate* gate)
    : calls_(calls), stream_(std::move(stream)), gate_(gate) {}

std::vector<http::Route> Rest::routes() {
  const auto to = [this](void (Rest::*serve)(http::Exchange)) {
    return [this, serve](http::Exchange exchange) { (this->*serve)(std::move(exchange)); };
  };
  constexpr RouteRules kRules{.access = Access::kClient};
  constexpr RouteRules kVapi{.access = Access::kClient, .vapi_secret = true};
  return {{"GET", "/tools", "tools", kRules, to(&Rest::list_tools)},
          {"POST", "/call-tool", "call-tool", kRules, to(&Rest::call_tool), true},
          {"POST", "/call-tool-stream", "call-tool-stream", kRules, to(&Rest::call_tool_stream)},
          {"GET", "/info", "info", kRules, to(&Rest::info)},
          {"GET", "/vapi/functions", "functions", kVapi, to(&Rest::list_functions)},
          {"POST", "/vapi/call", "call-function", kVapi, to(&Rest::call_vapi)},
          {"POST", "/openai/call-function", "call-function", kRules, to(&Rest::call_function)}};
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

void Rest::call_tool(http::Exchange exchange) {
  if (auto form = refused_form(exchange.request())) return exchange.reply(*std::move(form));
  const std::string& body = exchange.request().body;
  const auto call = read_call(body, jsonrpc::whole(body), "Tool");
  if (!call) return exchange.reply(json_answer(failure_text(call.error().message), 400));
  this->call(std::make_shared<http::Exchange>(std::move(exchange)), *call, {});
}

void Rest::call_function(http::Exchange exchange) {
  if (auto form = refused_form(exchange.request())) return exchange.reply(*std::move(form));
  const std::string& body = exchange.request().body;
  const auto call = read_function_call(body, jsonrpc::whole(body));
  if (!call) return exchange.reply(json_answer(failure_text(call.error().message), 400));
  this->call(std::make_shared<http::Exchange>(std::move(exchange)), *call,
             fmt::format(R"("function":{},)", call->name));
}

void Rest::call(const ExchangePtr& exchange, const NamedCall& call, const std::string& function) {
  calls_.resolve(exchange->request().caller, call, [this, exchange, function](const auto& found) {
    if (!found) return exchange->reply(failure_answer(found.error()));
    calls_.send(exchange->request().caller, mcp::method::kToolsCall, found->params(),
                [exchange, function](mux::Answer answer) {
                  if (answer.outcome != mux::Outcome::kResult)
                    return exchange->reply(failure_answer(answer));
                  exchange->reply(json_answer(success_text(std::move(answer), function)));
                });
  });
}

// The calls of one message of VAPI. Their pending callbacks own it.
class Rest::VapiCalls : public std::enable_shared_from_this<VapiCalls> {
 public:
  VapiCalls(ToolCalls& calls, http::Exchange exchange, VapiMessage message)
      : calls_(calls),
        exchange_(std::move(exchange)),
        message_(std::move(message)),
        open_(message_.calls.size()),
        outcomes_(open_) {}

  void start() {
    if (open_ == 0) return exchange_.reply(json_answer(vapi_answer(message_, {})));
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      const auto& call = message_.calls[i].call;
      if (call)
        send(i, *call);
      else
        end(i, vapi_error(call.error().message));
    }
  }

 private:
  void send(std::size_t i, const NamedCall& call) {
    calls_.resolve(caller(), call, [self = shared_from_this(), i](const auto& found) {
      if (!found) return self->end(i, vapi_outcome(found.error()));
      self->calls_.send(
          self->caller(), mcp::method::kToolsCall, found->params(),
          [self, i](mux::Answer answer) { self->end(i, vapi_outcome(std::move(answer))); });
    });
  }

  void end(std::size_t i, std::string outcome) {
    outcomes_[i] = std::move(outcome);
    if (--open_ == 0) exchange_.reply(json_answer(vapi_answer(message_, outcomes_)));
  }

  const ToolCalls::CallerPtr& caller() const { return exchange_.request().caller; }

  ToolCalls& calls_;
  http::Exchange exchange_;
  const VapiMessage message_;
  std::size_t open_;  // calls without an outcome
  std::vector<std::string> outcomes_;
};

void Rest::call_vapi(http::Exchange exchange) {
  auto message = read_vapi_message(exchange.request().body);
  if (!message) return exchange.reply(json_answer(failure_text(message.error().message), 400));
  if (!*message) return call_function(std::move(exchange));
  if (!within_rates(exchange, (*message)->calls.size())) return;
  exchange.take_body();
  std::make_shared<VapiCalls>(calls_, std::move(exchange), **std::move(message))->start();
}

// The message was charged as one request.
bool Rest::within_rates(http::Exchange& exchange, std::size_t calls) {
  if (gate_ == nullptr || calls < 2) return true;
  access::Gate::Charge charge = gate_->charge_further(*exchange.request().caller, {}, calls - 1);
  exchange.set_reply_fields(std::move(charge.fields));
  if (!charge.retry_after) return true;
  if (!charge.never.empty()) {
    exchange.reply(json_answer(failure_text(charge.never), 400));
    return false;
  }
  http::Response response = json_answer(
      failure_text(fmt::format("Rate limit exceeded: the message counts as its {} calls", calls),
                   fmt::format(R"(,"retryAfter":{})", charge.retry_after->count())),
      429);
  response.fields.push_back({"Retry-After", std::to_string(charge.retry_after->count())});
  exchange.reply(std::move(response));
  return false;
}

void Rest::call_tool_stream(http::Exchange exchange) {
  if (auto form = refused_form(exchange.request())) return exchange.reply(*std::move(form));
  const std::string& body = exchange.request().body;
  const auto call = read_call(body, jsonrpc::whole(body), "Tool");
  if (!call) return exchange.reply(json_answer(failure_text(call.error().message), 400));
  const auto held = std::make_shared<http::Exchange>(std::move(exchange));
  calls_.resolve(held->request().caller, *call, [this, held](const auto& found) {
    if (!found) return held->reply(failure_answer(found.error()));
    stream(held, *found);
  });
}

void Rest::stream(const ExchangePtr& exchange, const NamedCall& call) {
  const ToolCalls::CallerPtr caller = exchange->request().caller;
  // Shared by the two callbacks of the call; the stream ends when both are destroyed.
  auto stream = std::shared_ptr<http::SseStream>(exchange->open_sse({}, stream_));
  calls_.send(
      caller, mcp::method::kToolsCall, call.params(R"(,"_meta":{"progressToken":1})"),
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
