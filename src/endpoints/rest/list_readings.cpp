#include "endpoints/rest/list_readings.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_set>
#include <utility>

#include "endpoints/rest/rest_answers.hpp"
#include "mcp/protocol.hpp"
#include "session/client_call.hpp"
#include "session/list_filter.hpp"

namespace sidecar::endpoints {
namespace {

// A list that does not end costs the MCP server kMaxPages requests. It is read again after this
// time only.
constexpr std::chrono::seconds kRefusedFor{30};
// Sets of rules. Beyond it the refusal that ends first is dropped.
constexpr std::size_t kMaxRefused = 256;

// Removes tools whose name occurred before: a server that repeats pages repeats their tools.
void drop_repeats(std::vector<std::string>& tools) {
  std::unordered_set<std::string> names;
  std::erase_if(tools, [&names](const std::string& tool) {
    const jsonrpc::Span name = jsonrpc::member(tool, jsonrpc::whole(tool), "name");
    return name && !names.emplace(name.in(tool)).second;
  });
}

mux::Answer key_gone() {
  return mux::make_failure(mux::Outcome::kKeyGone, "1", mcp::code::kInvalidParams,
                           "the key or token of this call is revoked or has expired");
}

// Whether the failure concerns the leader of the reading, not the list.
bool of_the_caller(mux::Outcome outcome) {
  return outcome == mux::Outcome::kKeyGone || outcome == mux::Outcome::kBusy;
}

}  // namespace

// A list whose pages are being read.
struct ListReadings::Reading {
  std::string rules;
  Readers readers;
  ReaderPtr leader;  // its calls fetch the pages
  bool first = true;
  std::uint64_t first_version = 0;  // of the first page; 0: none
  std::uint64_t version = 0;        // common to all pages so far; 0: none
  std::vector<std::string> tools{};
  std::size_t bytes = 0;          // of the tools
  std::function<void()> go_on{};  // requests the next page; set while the limits forbid that
};

ListReadings::ListReadings(Timers& timers, observe::Log& log, std::size_t list_limit, Fetch fetch)
    : timers_(timers),
      warnings_(log, timers),
      list_limit_(list_limit),
      fetch_(std::move(fetch)),
      kept_(slices_, [this] { wake_ = timers_.after({}, [this] { begin(); }); }) {}

// `go_on` of a waiting reading holds a reference to the reading itself.
ListReadings::~ListReadings() {
  for (const ReadingPtr& each : readings_) each->go_on = nullptr;
}

void ListReadings::list(CallerPtr caller, Listed done) {
  const std::string rules = session::list_rules(*caller, mcp::method::kToolsList);
  if (const auto refused = refused_.find(rules); refused != refused_.end()) {
    if (timers_.now() < refused->second.until)
      return done(tl::unexpected(own_failure(refused->second.why)));
    refused_.erase(refused);
  }
  const auto reader = std::make_shared<Reader>();
  reader->caller = std::move(caller);
  reader->done = std::move(done);
  readers_.push_back(*reader);
  Waiting& waiting = waiting_[rules];
  waiting.readers.push_back(reader);
  if (!waiting.reading && waiting.readers.size() == 1) queue_.push_back(rules);
  begin();
}

void ListReadings::end(const std::function<bool(const auth::Principal&)>& holds) {
  std::vector<Listed> gone;
  for (Reader& each : readers_) {
    if (each.done && !holds(*each.caller)) gone.push_back(std::exchange(each.done, nullptr));
  }
  for (const Listed& done : gone) done(tl::unexpected(key_gone()));
}

void ListReadings::give(const Readers& readers,
                        const tl::expected<ToolListPtr, mux::Answer>& list) {
  for (const ReaderPtr& each : readers) {
    if (const Listed done = std::exchange(each->done, nullptr)) done(list);
  }
}

bool ListReadings::may_begin() const {
  const std::size_t at_work = readings_.size() + kept_.busy();
  return at_work == 0 || (at_work < kMaxAtWork && gathered_ + kept_.busy_bytes() < kMaxBytesAtWork);
}

bool ListReadings::may_go_on(const Reading& reading) const {
  return &reading == readings_.front().get() || gathered_ + kept_.busy_bytes() < kMaxBytesAtWork;
}

// BOUNDED STACK: an answer within begin() may call list() again. The running loop takes the new
// entry; a nested begin() returns.
void ListReadings::begin() {
  if (std::exchange(beginning_, true)) return;
  kept_.trim();
  const std::list<ReadingPtr> readings = readings_;  // some may end within the loop
  for (const ReadingPtr& each : readings) {
    if (each->go_on && may_go_on(*each)) std::exchange(each->go_on, nullptr)();
  }
  while (!queue_.empty() && may_begin()) {
    const std::string rules = std::move(queue_.front());
    queue_.pop_front();
    begin(rules);
  }
  beginning_ = false;
}

void ListReadings::begin(const std::string& rules) {
  const auto reading = std::make_shared<Reading>();
  Waiting& waiting = waiting_[rules];
  reading->rules = rules;
  reading->readers = std::exchange(waiting.readers, {});
  std::erase_if(reading->readers, [](const ReaderPtr& each) { return each->done == nullptr; });
  if (reading->readers.empty()) {
    waiting_.erase(rules);
    return;
  }
  waiting.reading = true;
  reading->leader = reading->readers.front();
  readings_.push_back(reading);
  session::ToolPages pages;
  pages.most_bytes = list_limit_;
  pages.fetch = [this, reading](const std::string& params, mux::Reply::Deliver deliver) {
    read_page(reading, params, std::move(deliver));
  };
  pages.page = [this, reading](const std::string& text, const std::vector<jsonrpc::Span>& places) {
    take_page(*reading, text, places);
    return true;
  };
  pages.done = [this, reading](session::ToolPages::Outcome outcome) {
    end_reading(reading, std::move(outcome));
  };
  session::walk(std::move(pages));
}

void ListReadings::read_page(const ReadingPtr& reading, const std::string& params,
                             mux::Reply::Deliver deliver) {
  if (reading->first || may_go_on(*reading)) return ask_page(reading, params, std::move(deliver));
  reading->go_on = [this, reading, params, deliver = std::move(deliver)] {
    ask_page(reading, params, deliver);
  };
}

void ListReadings::ask_page(const ReadingPtr& reading, const std::string& params,
                            mux::Reply::Deliver deliver) {
  if (reading->leader->done == nullptr) return deliver(key_gone());
  const bool first = std::exchange(reading->first, false);
  Known known;
  if (first)
    known = [this, rules = reading->rules](std::uint64_t version) {
      return kept_.knows(rules, version);
    };
  fetch_(reading->leader->caller, params, std::move(known),
         [this, reading, first, deliver = std::move(deliver)](mux::Answer answer) {
           if (answer.unchanged) {
             const Readers readers = std::move(reading->readers);
             kept_.get(reading->rules, [readers](const auto& list) { give(readers, list); });
             return close(reading);
           }
           if (first)
             reading->first_version = reading->version = answer.list_version;
           else if (answer.list_version != reading->version)
             reading->version = 0;
           deliver(std::move(answer));
         });
}

void ListReadings::take_page(Reading& reading, const std::string& text,
                             const std::vector<jsonrpc::Span>& places) {
  for (const jsonrpc::Span place : places) {
    std::string& tool = reading.tools.emplace_back();
    tool.reserve(place.size + jsonrpc::kPadding);
    tool.append(place.in(text));
    reading.bytes += ToolList::bytes_of(tool);
    gathered_ += ToolList::bytes_of(tool);
  }
}

void ListReadings::end_reading(const ReadingPtr& reading, session::ToolPages::Outcome outcome) {
  using End = session::ToolPages::End;
  if (outcome.end == End::kRepeats) {
    warnings_.warn("tools/list repeats a cursor: the list ends there",
                   {{"tools", reading->tools.size()}});
    drop_repeats(reading->tools);
  }
  if (outcome.ended_well()) {
    const Readers readers = std::move(reading->readers);
    const std::string owner = reading->leader->caller->share_owner();
    kept_.keep(reading->rules, owner, {reading->first_version, reading->version},
               std::move(reading->tools), [readers](const auto& list) { give(readers, list); });
    return close(reading);
  }
  if (outcome.end == End::kNeverEnds || outcome.end == End::kTooLarge) {
    warnings_.warn("tools/list is beyond a limit", {{"problem", outcome.problem}});
    outcome.problem = refuse_for_now(reading->rules, outcome.problem);
  }
  fail(reading, outcome.problem.empty() ? outcome.answer : own_failure(outcome.problem));
}

// Readers that wait for the next reading get the same error, each as much of it as it may see. If
// the error concerns only the leader, only the leader gets it, and all others wait for a new
// reading.
void ListReadings::fail(const ReadingPtr& reading, const mux::Answer& why) {
  Readers readers = std::move(reading->readers);
  Readers& waiting = waiting_[reading->rules].readers;
  readers.insert(readers.end(), waiting.begin(), waiting.end());
  waiting.clear();
  if (of_the_caller(why.outcome)) {
    waiting.assign(readers.begin() + 1, readers.end());
    readers.resize(1);
  }
  close(reading);
  for (const ReaderPtr& each : readers)
    give({each}, tl::unexpected(session::disclosed(why, *each->caller, "1")));
}

void ListReadings::close(const ReadingPtr& reading) {
  gathered_ -= reading->bytes;
  readings_.remove(reading);
  const auto waiting = waiting_.find(reading->rules);
  waiting->second.reading = false;
  if (waiting->second.readers.empty())
    waiting_.erase(waiting);
  else
    queue_.push_back(reading->rules);
  if (!queue_.empty() || !readings_.empty()) begin();
}

std::string ListReadings::refuse_for_now(const std::string& rules, const std::string& problem) {
  const auto now = timers_.now();
  std::erase_if(refused_, [now](const auto& each) { return each.second.until <= now; });
  if (refused_.size() >= kMaxRefused)
    refused_.erase(std::min_element(
        refused_.begin(), refused_.end(),
        [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
  std::string why = fmt::format("{}; it is asked again after {} s", problem, kRefusedFor.count());
  refused_[rules] = {why, now + kRefusedFor};
  return why;
}

}  // namespace sidecar::endpoints
