#include "endpoints/rest/tool_calls.hpp"

#include <utility>
#include <vector>

#include "endpoints/rest/rest_answers.hpp"
#include "endpoints/rest/tool_directory.hpp"
#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::endpoints {
namespace {

constexpr std::string_view kCallId = "1";

}  // namespace

ToolCalls::ToolCalls(mux::Instances& instances, Timers& timers, observe::Log& log,
                     Clock::duration timeout, std::size_t list_limit)
    : instances_(instances),
      timeout_(timeout),
      lists_(timers, log, list_limit,
             [this](const CallerPtr& caller, const std::string& params, Known known,
                    mux::Reply::Deliver deliver) {
               request(caller, mcp::method::kToolsList, params, std::move(deliver), nullptr,
                       std::move(known));
             }) {}

void ToolCalls::send(const CallerPtr& caller, std::string_view method, std::string_view params,
                     mux::Reply::Deliver deliver, mux::Reply::Notify progress) {
  request(caller, method, params, std::move(deliver), std::move(progress), nullptr);
}

void ToolCalls::request(const CallerPtr& caller, std::string_view method, std::string_view params,
                        mux::Reply::Deliver deliver, mux::Reply::Notify progress, Known known) {
  auto message = jsonrpc::parse(jsonrpc::request_text(kCallId, method, params));
  // `params` consist of checked parts; the only possible error is nesting one level too deep.
  if (!message) return deliver(own_failure(message.error().message));
  static const auto kSource =
      std::make_shared<const observe::CallSource>(observe::CallSource{"rest", {}, {}, {}});
  const auto running = std::make_shared<Running>();
  running->caller = caller;
  running->deliver = std::move(deliver);
  running_.push_back(*running);
  auto once = [running](mux::Answer answer) {
    if (const auto taker = std::exchange(running->deliver, nullptr)) taker(std::move(answer));
  };
  mux::Reply::Notify while_pending;
  if (progress) {
    running->progress = std::move(progress);
    while_pending = [running](std::string text) {
      if (running->progress) running->progress(std::move(text));
    };
  }
  session::ClientCall::start(*this, calls_, kSource,
                             {.message = std::move(*message),
                              .caller = caller,
                              .trace = caller->trace,
                              .deliver = std::move(once),
                              .notify = std::move(while_pending),
                              .known = std::move(known)});
}

void ToolCalls::send(const auth::Principal& caller, jsonrpc::Message request, mux::Reply reply) {
  instances_.request(caller.share_owner(), std::move(request), std::move(reply), timeout_);
}

void ToolCalls::send_own(const auth::Principal& caller, jsonrpc::Message request,
                         mux::Reply reply) {
  send(caller, std::move(request), std::move(reply));
}

void ToolCalls::end_calls(const std::function<bool(const auth::Principal&)>& holds) {
  // Before the calls: a reading that starts again then chooses a leader whose key holds.
  lists_.end(holds);
  std::vector<std::shared_ptr<Running>> gone;
  for (Running& each : running_) {
    if (!holds(*each.caller)) gone.push_back(each.shared_from_this());
  }
  for (const auto& each : gone) {
    each->progress = nullptr;
    if (const auto taker = std::exchange(each->deliver, nullptr))
      taker(mux::make_failure(mux::Outcome::kKeyGone, kCallId, mcp::code::kInvalidParams,
                              "the key or token of this call is revoked or has expired"));
  }
}

void ToolCalls::find(const CallerPtr& caller, std::string name, Found done) {
  if (!looks_like_function_name(name)) return done(std::move(name));
  list(caller, [name = std::move(name), done = std::move(done)](const auto& list) {
    if (!list && list.error().outcome == mux::Outcome::kKeyGone)
      return done(tl::unexpected(list.error()));
    if (!list) return done(name);
    const ListedTool* tool = (*list)->directory().find(name);
    done(tool != nullptr ? tool->name() : name);
  });
}

}  // namespace sidecar::endpoints
