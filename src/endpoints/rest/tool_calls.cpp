#include "endpoints/rest/tool_calls.hpp"

#include <utility>

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
    : calls_(instances, "rest", timeout),
      changed_tools_(log),
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
  calls_.send(caller, std::move(*message), std::move(deliver), std::move(progress),
              std::move(known));
}

void ToolCalls::end_calls(const session::SessionlessCalls::Holds& holds) {
  // Before the calls: a reading that starts again then chooses a leader whose key holds.
  lists_.end(holds);
  calls_.end_calls(holds);
}

void ToolCalls::find(const CallerPtr& caller, std::string name, Found done) {
  if (!looks_like_function_name(name)) return done(std::move(name));
  find_listed(caller, name, name, std::move(done));
}

void ToolCalls::find_in_path(const CallerPtr& caller, std::string name, Found done) {
  const std::string bare(without_slash(name));
  if (bare == name) return find(caller, std::move(name), std::move(done));
  find_listed(caller, std::move(name), bare, std::move(done));
}

void ToolCalls::find_listed(const CallerPtr& caller, std::string name, std::string otherwise,
                            Found done) {
  list(caller, [name = std::move(name), otherwise = std::move(otherwise),
                done = std::move(done)](const auto& list) {
    if (!list && list.error().outcome == mux::Outcome::kKeyGone)
      return done(tl::unexpected(list.error()));
    if (!list) return done(otherwise);
    const ListedTool* tool = (*list)->directory().find_in_path(name);
    done(tool != nullptr ? tool->name() : otherwise);
  });
}

void ToolCalls::resolve(const CallerPtr& caller, const NamedCall& call, const Resolved& done) {
  auto name = jsonrpc::string_value(call.name);
  if (!name || !looks_like_function_name(*name)) return done(call);
  find(caller, *name, [call, name = *name, done](const auto& found) {
    if (!found) return done(tl::unexpected(found.error()));
    NamedCall one = call;
    if (*found != name) one.name = jsonrpc::string_token(*found);
    done(one);
  });
}

}  // namespace sidecar::endpoints
