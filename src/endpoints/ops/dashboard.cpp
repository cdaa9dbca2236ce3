#include "endpoints/ops/dashboard.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>

#include "child/supervisor.hpp"
#include "observe/log_tail.hpp"
#include "util/encoding.hpp"
#include "util/version.hpp"

namespace sidecar::endpoints {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kRetry{5};
constexpr std::size_t kMaxReason = 500;      // bytes
constexpr std::size_t kMaxStderrLine = 500;  // bytes

// Texts of clients and of the wrapped server may be invalid UTF-8.
std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Response uncached(const Json& body) {
  http::Response response;
  response.body = dumped(body);
  response.fields.push_back({"Cache-Control", "no-store"});
  return response;
}

// Rounded to microseconds.
double milliseconds(Clock::duration time) {
  const std::chrono::duration<double, std::micro> microseconds = time;
  return std::round(microseconds.count()) / 1000;
}

Json described(const observe::RecentCalls::Call& call) {
  return {{"time", iso_time(call.began)},
          {"method", call.method},
          {"subject", call.subject},
          {"outcome", call.outcome},
          {"ms", milliseconds(call.took)},
          {"session", call.session},
          {"key", call.key},
          {"address", call.address},
          {"transport", call.transport},
          {"client", call.client},
          {"error", call.error},
          {"requestBytes", call.request_bytes},
          {"answerBytes", call.answer_bytes},
          {"server", call.server}};
}

Json described(const observe::LogTail::Line& line) {
  return {{"time", iso_time(line.time)}, {"level", line.level}, {"text", line.text}};
}

Json lines_of(const observe::LogTail* tail, std::uint64_t first, std::uint64_t end,
              std::size_t most) {
  Json lines = Json::array();
  if (tail == nullptr) return lines;
  for (const auto& line : tail->lines(first, end, most)) lines.push_back(described(line));
  return lines;
}

// The newest lines that fit into `room` bytes, oldest first. Takes their size from `room`.
Json newest_lines(const std::vector<std::string>& lines, std::size_t& room) {
  std::vector<std::string_view> newest;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const std::string_view shown = std::string_view(*line).substr(0, kMaxStderrLine);
    if (shown.size() > room) break;
    room -= shown.size();
    newest.push_back(shown);
  }
  return Json(std::vector<std::string_view>(newest.rbegin(), newest.rend()));
}

Json described(const std::vector<mux::InstanceStatus>& instances) {
  Json list = Json::array();
  std::size_t room = Dashboard::kStderrBytes;
  for (const mux::InstanceStatus& instance : instances) {
    if (list.size() == Dashboard::kMaxChildren) break;
    const child::ChildStatus& child = instance.child;
    Json entry = {{"name", instance.name},
                  {"own", instance.dedicated},
                  {"state", child::name_of(child.state)},
                  {"problem", nullptr},
                  {"pid", nullptr},
                  {"restarts", child.restarts},
                  {"sessions", instance.sessions},
                  {"inFlight", instance.calls},
                  {"lastExit", nullptr},
                  {"stderr", Json::array()}};
    if (!instance.readiness.ready)
      entry["problem"] = instance.readiness.reason(auth::Disclosure::kStderr).substr(0, kMaxReason);
    if (child.pid > 0) entry["pid"] = child.pid;
    if (child.last_exit) {
      entry["lastExit"] = child.last_exit->reason.substr(0, kMaxReason);
      entry["stderr"] = newest_lines(child.last_exit->stderr_tail, room);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

template <class Counts>
Json counts(const Counts& pairs) {
  Json object = Json::object();
  for (const auto& [name, count] : pairs) object[std::string(name)] = count;
  return object;
}

// The value of `?limit=`, at most `most`; `otherwise` without it; nothing if it is invalid.
std::optional<std::size_t> limit_of(const http::Request& request, std::size_t otherwise,
                                    std::size_t most) {
  const auto text = request.query_value("limit");
  if (!text) return otherwise;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number < 1) return std::nullopt;
  return std::min(number, most);
}

// Answers 400 and gives nothing if the request has no valid limit.
std::optional<std::size_t> limit_or_refuse(http::Exchange& exchange, std::size_t otherwise,
                                           std::size_t most) {
  const auto limit = limit_of(exchange.request(), otherwise, most);
  if (!limit) exchange.reply(http::error_response(400, "limit must be a number of at least 1"));
  return limit;
}

}  // namespace

Dashboard::Dashboard(const Observed& observed, Timers& timers, DashboardOptions options)
    : observed_(observed),
      timers_(timers),
      options_(std::move(options)),
      started_at_(std::chrono::system_clock::now()),
      started_(timers.now()) {}

std::vector<http::Route> Dashboard::routes() {
  constexpr RouteRules kRules{.access = Access::kAdmin, .action = "see calls and logs"};
  return {{"GET", "/dashboard/events", "dashboard-events", kRules,
           [this](http::Exchange exchange) { open(std::move(exchange)); }},
          {"GET", "/calls", "calls", kRules,
           [this](http::Exchange exchange) { list_calls(std::move(exchange)); }},
          {"GET", "/logs", "logs", kRules,
           [this](http::Exchange exchange) { list_lines(std::move(exchange)); }}};
}

void Dashboard::list_calls(http::Exchange exchange) const {
  const auto limit = limit_or_refuse(exchange, kCallsPerTick, observe::RecentCalls::kKept);
  if (!limit) return;
  const observe::RecentCalls& calls = observed_.calls;
  Json list = Json::array();
  for (std::uint64_t next = calls.count(); next > calls.oldest() && list.size() < *limit; --next)
    list.push_back(described(calls.at(next - 1)));
  exchange.reply(uncached({{"calls", std::move(list)}}));
}

void Dashboard::list_lines(http::Exchange exchange) const {
  const auto limit = limit_or_refuse(exchange, kLinesPerTick, observe::LogTail::kLines);
  if (!limit) return;
  exchange.reply(
      uncached({{"lines", lines_of(observed_.log.tail(), 0, all_so_far().lines, *limit)}}));
}

void Dashboard::open(http::Exchange exchange) {
  auto caller = exchange.request().caller;
  if (!make_room(*caller)) {
    observed_.metrics.refused("dashboard_readers").Increment();
    const std::string held =
        shares_text(shares_, caller->share_owner(), caller->has_key, "dashboards", "a fixed limit");
    return exchange.reply(
        http::error_response(503, "Too many dashboards are open: " + held, kRetry));
  }
  if (readers_.empty()) {
    seen_ = all_so_far();
    arm();
  }
  Shares::Holding share = shares_.hold(caller->share_owner());
  share.set(1);
  readers_.push_back({std::move(caller), exchange.open_sse({}, options_.stream), std::move(share)});
  const auto reader = std::prev(readers_.end());
  observed_.metrics.dashboard_readers.Increment();
  reader->stream->on_closed([this, reader](http::SseClosed) { end(reader); });
  reader->stream->send("hello", hello());
  // Calls and lines since the last tick follow with the next tick, which all readers get.
  reader->stream->send("tick", tick_text(std::nullopt, seen_));
}

bool Dashboard::make_room(const auth::Principal& caller) {
  const Shares::Admission admission = shares_.admit(caller.share_owner(), 1);
  if (admission.fits || !admission.from) return admission.fits;
  end(std::find_if(readers_.begin(), readers_.end(), [&admission](const Reader& reader) {
    return reader.caller->share_owner() == *admission.from;
  }));
  return true;
}

void Dashboard::end(Readers::iterator reader) {
  readers_.erase(reader);
  observed_.metrics.dashboard_readers.Decrement();
}

void Dashboard::arm() {
  timer_ = timers_.after(kEvery, [this] { tick(); });
}

void Dashboard::tick() {
  end_unauthorized();
  if (readers_.empty()) return;
  arm();
  const Seen end = all_so_far();
  const std::string text = tick_text(seen_, end);
  seen_ = end;
  for (const Reader& reader : readers_) {
    if (reader.stream->queued_bytes() < kBehind)
      reader.stream->send("tick", text);
    else
      observed_.metrics.dropped_ticks.Increment();
  }
}

void Dashboard::end_unauthorized() {
  const std::size_t before = readers_.size();
  readers_.remove_if(
      [this](const Reader& reader) { return !observed_.gate.administers(*reader.caller); });
  observed_.metrics.dashboard_readers.Decrement(static_cast<double>(before - readers_.size()));
}

Dashboard::Seen Dashboard::all_so_far() const {
  const observe::LogTail* const tail = observed_.log.tail();
  return {observed_.calls.count(), tail == nullptr ? 0 : tail->count()};
}

std::string Dashboard::hello() const {
  const auto bounds = observe::Metrics::call_seconds_bounds();
  return dumped({{"version", kVersion},
                 {"startedAt", iso_time(started_at_)},
                 {"command", options_.command},
                 {"publicUrl", options_.public_url},
                 {"authEnabled", observed_.gate.needs_key()},
                 {"latencyBounds", std::vector<double>(bounds.begin(), bounds.end())}});
}

std::string Dashboard::tick_text(std::optional<Seen> since, Seen end) const {
  const std::chrono::duration<double> uptime = timers_.now() - started_;
  const std::vector<mux::InstanceStatus> instances = observed_.instances.status();
  const auto queued = std::accumulate(
      instances.begin(), instances.end(), std::size_t{0},
      [](std::size_t sum, const mux::InstanceStatus& instance) { return sum + instance.waiting; });
  Json tick = {{"time", iso_time(std::chrono::system_clock::now())},
               {"uptime", std::round(uptime.count() * 10) / 10},
               {"children", described(instances)},
               {"childrenLeftOut", instances.size() - std::min(instances.size(), kMaxChildren)},
               {"serverInfo", nullptr},
               {"protocolVersion", nullptr},
               {"sessions", observed_.sessions.size()},
               {"inFlight", observed_.instances.in_flight()},
               {"queued", queued}};
  if (const auto identity = observed_.instances.identity()) {
    tick["serverInfo"] = {{"name", identity->name}, {"version", identity->version}};
    tick["protocolVersion"] = identity->protocol_version;
  }

  const observe::RecentCalls& calls = observed_.calls;
  tick["calls"] = counts(calls.outcomes());
  tick["latency"] = observed_.metrics.calls_by_seconds();
  tick["refusals"] = counts(observed_.metrics.refusals());
  Json recent = Json::array();
  const Seen first = since.value_or(Seen{});
  const std::uint64_t newest = end.calls > kCallsPerTick ? end.calls - kCallsPerTick : 0;
  for (std::uint64_t at = std::max({first.calls, calls.oldest(), newest}); at < end.calls; ++at)
    recent.push_back(described(calls.at(at)));
  Json lines = lines_of(observed_.log.tail(), first.lines, end.lines, kLinesPerTick);
  tick["recentLeftOut"] = since ? end.calls - first.calls - recent.size() : 0;
  tick["recent"] = std::move(recent);
  tick["logLeftOut"] = since ? end.lines - first.lines - lines.size() : 0;
  tick["log"] = std::move(lines);
  return dumped(tick);
}

}  // namespace sidecar::endpoints
