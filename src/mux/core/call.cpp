#include "mux/core/call.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::mux {
namespace {

using Json = nlohmann::ordered_json;
using auth::Disclosure;

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kResult:
      return "ok";
    case Outcome::kError:
      return "error";
    case Outcome::kTimeout:
      return "timeout";
    case Outcome::kChildDied:
      return "child_died";
    case Outcome::kUnavailable:
      return "unavailable";
    case Outcome::kBusy:
      return "busy";
    case Outcome::kOverRate:
      return "over_rate";
    case Outcome::kForbidden:
      return "forbidden";
    case Outcome::kKeyGone:
      return "key_gone";
    case Outcome::kTooLarge:
      return "too_large";
    case Outcome::kNotServed:
      return "not_served";
    case Outcome::kUnusable:
      return "unusable";
    case Outcome::kCancelled:
      return "cancelled";
    case Outcome::kInternal:
      break;
  }
  return "internal";
}

ChildDeath::ChildDeath(const child::Exit& exit)
    : reason_(exit.reason), line_(exit.error_line), stderr_(dumped(exit.stderr_tail)) {
  Json data = {{"reason", exit.reason}};
  if (exit.code && !exit.by_sidecar) data["exitCode"] = *exit.code;
  if (exit.signal && !exit.by_sidecar) data["signal"] = *exit.signal;
  data["restarts"] = exit.restarts;
  facts_ = dumped(data);
  facts_ = facts_.substr(1, facts_.size() - 2);
}

std::string ChildDeath::what(Disclosure told) const {
  return told == Disclosure::kState || line_.empty() ? reason_ : reason_ + ": " + line_;
}

std::string ChildDeath::data(Disclosure told) const {
  return told == Disclosure::kStderr ? fmt::format(R"({{{},"stderr":{}}})", facts_, stderr_)
                                     : fmt::format("{{{}}}", facts_);
}

Answer make_failure(Outcome outcome, std::string_view client_id, int code, std::string_view message,
                    std::string_view data, std::optional<std::chrono::seconds> retry_after) {
  const std::string error = jsonrpc::error_object(code, message, data);
  Answer answer;
  answer.outcome = outcome;
  answer.text = jsonrpc::error_text(client_id, error);
  answer.payload = {answer.text.size() - 1 - error.size(), error.size()};
  answer.message = message;
  answer.retry_after = retry_after;
  return answer;
}

Answer make_death_failure(Outcome outcome, std::string_view client_id,
                          std::shared_ptr<const ChildDeath> death,
                          std::chrono::seconds retry_after) {
  constexpr auto kAll = auth::Disclosure::kStderr;
  Answer answer = make_failure(outcome, client_id, mcp::code::kConnectionClosed,
                               death->message(kAll), death->data(kAll), retry_after);
  answer.death = std::move(death);
  return answer;
}

Answer make_result(std::string_view client_id, std::string_view result) {
  Answer answer;
  answer.outcome = Outcome::kResult;
  answer.text = jsonrpc::result_text(client_id, result);
  answer.payload = {answer.text.size() - 1 - result.size(), result.size()};
  return answer;
}

std::string error_message(const Answer& answer) {
  return jsonrpc::string_member(answer.text, answer.payload, "message")
      .value_or("the MCP server answered with an error");
}

Reply::Reply(Reply&& other) noexcept
    : client_id_(std::move(other.client_id_)),
      deliver_(std::exchange(other.deliver_, nullptr)),
      notify_(std::exchange(other.notify_, nullptr)),
      known_(std::exchange(other.known_, nullptr)),
      view_(std::move(other.view_)) {}

Reply& Reply::operator=(Reply&& other) noexcept {
  if (this != &other) {
    abandon();
    client_id_ = std::move(other.client_id_);
    deliver_ = std::exchange(other.deliver_, nullptr);
    notify_ = std::exchange(other.notify_, nullptr);
    known_ = std::exchange(other.known_, nullptr);
    view_ = std::move(other.view_);
  }
  return *this;
}

void Reply::send(Answer answer) {
  if (Deliver deliver = std::exchange(deliver_, nullptr)) deliver(std::move(answer));
}

void Reply::abandon() {
  if (deliver_ != nullptr) {
    send(make_failure(Outcome::kInternal, client_id_, mcp::code::kInternalError,
                      "the call was lost inside mcp-sidecar"));
  }
}

}  // namespace sidecar::mux
