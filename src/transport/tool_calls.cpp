#include "transport/tool_calls.hpp"

#include <array>
#include <fmt/format.h>
#include <unordered_set>
#include <utility>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "session/observed_call.hpp"
#include "session/tool_pages.hpp"
#include "transport/rest_answers.hpp"
#include "transport/tool_directory.hpp"

namespace sidecar::transport {
namespace {

constexpr std::string_view kCallId = "1";
// A list that does not end costs the MCP server kMostPages requests: how often it may.
constexpr std::chrono::seconds kEndlessPause{30};

// Without those whose name an earlier one has: a server that repeats its pages repeats its tools.
void drop_repeats(std::vector<std::string>& tools) {
  static constexpr std::array<std::string_view, 1> kName = {"name"};
  std::unordered_set<std::string> names;
  std::erase_if(tools, [&names](const std::string& tool) {
    const auto place = jsonrpc::find_members(tool, kName);
    return place && (*place)[0] && !names.emplace((*place)[0].in(tool)).second;
  });
}

}  // namespace

ToolCalls::ToolCalls(mux::Instances& instances, Timers& timers, observe::Log& log, Clock::duration timeout,
                     std::size_t list_limit)
    : instances_(instances),
      timers_(timers),
      warnings_(log, timers),
      timeout_(timeout),
      list_limit_(list_limit) {}

void ToolCalls::send(const CallerPtr& caller, std::string_view method, std::string_view params,
                     mux::Reply::Deliver deliver, mux::Reply::Notify progress) {
  auto message = jsonrpc::parse(jsonrpc::request_text(kCallId, method, params));
  // Params were put together from checked parts; what they can still be is nested one level too deep.
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
  mux::Reply::Notify told;
  if (progress) {
    running->progress = std::move(progress);
    told = [running](std::string text) {
      if (running->progress) running->progress(std::move(text));
    };
  }
  session::send_observed(calls_, kSource, caller, std::move(*message), std::move(once), std::move(told),
                         [this, caller](jsonrpc::Message request, mux::Reply reply) {
                           instances_.request(caller->share_owner(), std::move(request), std::move(reply),
                                              timeout_);
                         });
}

void ToolCalls::end_calls(const std::function<bool(const observe::Caller&)>& holds) {
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

void ToolCalls::list(CallerPtr caller, Listed done) {
  if (timers_.now() < endless_until_) return done(tl::unexpected(own_failure(endless_)));
  auto tools = std::make_shared<std::vector<std::string>>();
  session::ToolPages pages;
  pages.most_bytes = list_limit_;
  pages.fetch = [this, caller = std::move(caller)](const std::string& params, mux::Reply::Deliver deliver) {
    send(caller, mcp::method::kToolsList, params, std::move(deliver));
  };
  pages.page = [tools](const std::string& text, const std::vector<jsonrpc::Span>& places) {
    for (const jsonrpc::Span place : places) {
      tools->emplace_back(place.in(text));
      jsonrpc::pad(tools->back());
    }
    return true;
  };
  pages.done = [this, tools, done = std::move(done)](session::ToolPages::Outcome outcome) {
    using End = session::ToolPages::End;
    if (outcome.end == End::kFailed) return done(tl::unexpected(std::move(outcome.answer)));
    if (outcome.end == End::kRepeats) {
      warnings_.warn("tools/list repeats a cursor: the list ends there", {{"tools", tools->size()}});
      drop_repeats(*tools);
    }
    if (outcome.end == End::kNeverEnds) {
      warnings_.warn("tools/list does not end", {{"problem", outcome.problem}});
      endless_ = fmt::format("{}; it is asked again after {} s", outcome.problem, kEndlessPause.count());
      endless_until_ = timers_.now() + kEndlessPause;
      return done(tl::unexpected(own_failure(endless_)));
    }
    if (!outcome.problem.empty()) return done(tl::unexpected(own_failure(outcome.problem)));
    done(std::move(*tools));
  };
  session::walk(std::move(pages));
}

void ToolCalls::find(const CallerPtr& caller, std::string name, std::function<void(std::string)> done) {
  if (!looks_like_function_name(name)) return done(std::move(name));
  list(caller, [name = std::move(name), done = std::move(done)](auto tools) {
    if (!tools) return done(name);
    const ToolDirectory directory(std::move(*tools));
    const ListedTool* tool = directory.find(name);
    done(tool != nullptr ? tool->name() : name);
  });
}

}  // namespace sidecar::transport
