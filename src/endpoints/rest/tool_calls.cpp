#include "endpoints/rest/tool_calls.hpp"

#include <array>
#include <fmt/format.h>
#include <unordered_set>
#include <utility>

#include "endpoints/rest/rest_answers.hpp"
#include "endpoints/rest/tool_directory.hpp"
#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "session/observed_call.hpp"
#include "session/tool_pages.hpp"

namespace sidecar::endpoints {
namespace {

constexpr std::string_view kCallId = "1";
// A list that does not end costs the MCP server kMaxPages requests: how often it may.
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

ToolCalls::ToolCalls(mux::Instances& instances, Timers& timers, observe::Log& log,
                     Clock::duration timeout, std::size_t list_limit)
    : instances_(instances),
      timers_(timers),
      warnings_(log, timers),
      timeout_(timeout),
      list_limit_(list_limit) {}

void ToolCalls::send(const CallerPtr& caller, std::string_view method, std::string_view params,
                     mux::Reply::Deliver deliver, mux::Reply::Notify progress) {
  request(caller, method, params, std::move(deliver), std::move(progress), nullptr);
}

void ToolCalls::request(const CallerPtr& caller, std::string_view method, std::string_view params,
                        mux::Reply::Deliver deliver, mux::Reply::Notify progress, Known known) {
  auto message = jsonrpc::parse(jsonrpc::request_text(kCallId, method, params));
  // Params were put together from checked parts; what they can still be is nested one level too
  // deep.
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
  session::send_observed(
      calls_, kSource, caller, std::move(*message), std::move(once), std::move(told),
      [this, caller, known = std::move(known)](jsonrpc::Message each, mux::Reply reply) {
        reply.set_known(known);
        instances_.request(caller->share_owner(), std::move(each), std::move(reply), timeout_);
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

// A list whose pages are being read for a caller.
struct ToolCalls::Reading {
  CallerPtr caller;
  Listed done;
  std::string rules = KeptLists::rules_of(*caller);
  KeptLists::EntryPtr expected{};  // from the first page on
  std::uint64_t version = 0;       // of all pages so far
  std::vector<std::string> tools{};
};

void ToolCalls::list(CallerPtr caller, Listed done) {
  if (timers_.now() < endless_until_) return done(tl::unexpected(own_failure(endless_)));
  auto reading = std::make_shared<Reading>(Reading{std::move(caller), std::move(done)});
  session::ToolPages pages;
  pages.most_bytes = list_limit_;
  pages.fetch = [this, reading](const std::string& params, mux::Reply::Deliver deliver) {
    read_page(reading, params, std::move(deliver));
  };
  pages.page = [reading](const std::string& text, const std::vector<jsonrpc::Span>& places) {
    for (const jsonrpc::Span place : places) {
      reading->tools.emplace_back(place.in(text));
      jsonrpc::pad(reading->tools.back());
    }
    return true;
  };
  pages.done = [this, reading](session::ToolPages::Outcome outcome) {
    end_reading(*reading, std::move(outcome));
  };
  session::walk(std::move(pages));
}

void ToolCalls::read_page(const std::shared_ptr<Reading>& reading, const std::string& params,
                          mux::Reply::Deliver deliver) {
  const bool first = reading->expected == nullptr;
  Known known;
  if (first)
    known = [this, rules = reading->rules](std::uint64_t version) {
      return kept_.knows(rules, version);
    };
  request(
      reading->caller, mcp::method::kToolsList, params,
      [this, reading, first, deliver = std::move(deliver)](mux::Answer answer) {
        if (answer.unchanged) return kept_.get(reading->rules, std::move(reading->done));
        if (first) {
          reading->version = answer.list_version;
          reading->expected = kept_.expect(reading->rules, reading->version);
        } else if (answer.list_version != reading->version) {
          reading->version = 0;
        }
        deliver(std::move(answer));
      },
      nullptr, std::move(known));
}

void ToolCalls::take_kept(const std::shared_ptr<Reading>& reading) {
  kept_.get(reading->rules, [this, reading](const auto& list) {
    // The pages were read by a caller whose key is gone now: this one reads them itself.
    if (!list && list.error().outcome == mux::Outcome::kKeyGone)
      return this->list(reading->caller, std::move(reading->done));
    reading->done(list);
  });
}

void ToolCalls::end_reading(Reading& reading, session::ToolPages::Outcome outcome) {
  using End = session::ToolPages::End;
  if (outcome.end == End::kRepeats) {
    warnings_.warn("tools/list repeats a cursor: the list ends there",
                   {{"tools", reading.tools.size()}});
    drop_repeats(reading.tools);
  }
  if (outcome.ended_well())
    return kept_.keep(reading.expected, reading.version, std::move(reading.tools),
                      std::move(reading.done));
  if (outcome.end == End::kNeverEnds) {
    warnings_.warn("tools/list does not end", {{"problem", outcome.problem}});
    endless_ =
        fmt::format("{}; it is asked again after {} s", outcome.problem, kEndlessPause.count());
    endless_until_ = timers_.now() + kEndlessPause;
    outcome.problem = endless_;
  }
  const mux::Answer why =
      outcome.problem.empty() ? std::move(outcome.answer) : own_failure(outcome.problem);
  kept_.fail(reading.expected, why);
  reading.done(tl::unexpected(why));
}

void ToolCalls::find(const CallerPtr& caller, std::string name,
                     std::function<void(std::string)> done) {
  if (!looks_like_function_name(name)) return done(std::move(name));
  list(caller, [name = std::move(name), done = std::move(done)](const auto& list) {
    if (!list) return done(name);
    const ListedTool* tool = (*list)->directory().find(name);
    done(tool != nullptr ? tool->name() : name);
  });
}

}  // namespace sidecar::endpoints
