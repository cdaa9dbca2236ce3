#include "mux/core/core.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/feature.hpp"
#include "mux/core/wire.hpp"

namespace sidecar::mux {

namespace code = mcp::code;

Core::Core(child::ChildLink& child, const ChildEra& era, Timers& timers, IdAllocator& ids,
           ChildRate& child_rate, Limits limits, ChildRole role, observe::Log& log,
           observe::Metrics& metrics)
    : child_(child),
      era_(era),
      timers_(timers),
      limits_(limits),
      role_(role),
      log_(log),
      metrics_(metrics),
      calls_shown_(metrics.calls_in_flight),
      owners_(limits.calls, InFlight::kMaxTombstones, limits.waiting_bytes),
      in_flight_(ids),
      queue_(metrics.waiting_bytes),
      admission_(*this, queue_, child_rate),
      wedge_watch_(*this, child) {
  for (std::size_t i = 0; i < kOutcomes; ++i)
    outcomes_[i] = &metrics_.calls(outcome_name(static_cast<Outcome>(i)));
}

Feature* Core::feature_of(const Call& call) const {
  return call.rule == nullptr || call.rule->feature == FeatureKind::kNone
             ? nullptr
             : features_[static_cast<std::size_t>(call.rule->feature)];
}

OwnerPtr Core::owner_of(CallOrigin origin) {
  const ClientEntry* entry = clients_.find(origin.client);
  return entry != nullptr ? entry->account : owners_.get(origin.owner);
}

WireId Core::open(Call&& call) {
  const WireId id = in_flight_.open(std::move(call));
  show_in_flight();
  arm();
  return id;
}

void Core::adopt(WireId id, Call&& call) {
  call.owner = owners_.get(call.owner->name);
  in_flight_.adopt(id, std::move(call));
  show_in_flight();
  arm();
}

void Core::dispatch(WireId id) {
  Call& call = *in_flight_.find(id);
  Feature* const feature = feature_of(call);
  if (feature != nullptr && feature->takes_over(id, call)) return;
  if (auto refused = admission_.charge(call)) return finish(id, std::move(*refused));
  if (reads_at_once()) return send(id);
  queue_.push(call.owner, call.client, id, call.line.size());
  pump();
}

// BOUNDED STACK: a call that is handed over may be answered at once, which may queue further calls.
// The running loop takes these; a nested pump() returns.
void Core::pump() {
  if (std::exchange(pumping_, true)) return;
  while (takes_calls() && child_.wants_more()) {
    if (work_of_features()) continue;
    auto next = queue_.pop();
    if (!next) break;
    if (next->id != 0)
      send(next->id);
    else
      send_to_child(std::move(next->line), "message of a client");
  }
  pumping_ = false;
}

bool Core::work_of_features() {
  return std::any_of(features_.begin(), features_.end(),
                     [](Feature* each) { return each->work(); });
}

// Requires takes_calls().
void Core::send(WireId id) {
  Call& call = *in_flight_.find(id);
  if (Feature* const feature = feature_of(call)) {
    if (auto answer = feature->before_send(id, call)) return finish(id, *std::move(answer));
  }
  if (call.repeatable || (call.rule != nullptr && call.rule->must_migrate)) admission_.keep(call);
  if (const auto number = child_.send(era_.encode(id, call))) {
    call.sent = timers_.now();
    in_flight_.handed_over(id, *number);
    wedge_watch_.call_sent();
  } else {
    finish(id, make_failure(Outcome::kUnavailable, call.reply.client_id(), code::kBusy,
                            "the MCP server does not read its input fast enough", {},
                            std::chrono::seconds(1)));
  }
}

void Core::finish(WireId id, Answer answer) {
  if (auto call = in_flight_.close(id)) settle(id, std::move(*call), std::move(answer));
}

void Core::settle(WireId id, Call&& call, Answer&& answer) {
  if (!call.line.empty() && call.owner != nullptr) queue_.remove(*call.owner, call.client, id);
  admission_.release_kept(call);
  show_in_flight();
  if (call.reply.pending()) {
    if (!call.own) count(answer.outcome);
    if (call.sent != Clock::time_point{}) answer.at_child = timers_.now() - call.sent;
    log_.debug("call answered",
               {{"method", call.method}, {"outcome", outcome_name(answer.outcome)}});
    call.reply.send(std::move(answer));
  }
  if (Feature* const feature = feature_of(call)) feature->on_end(id, call.subject);
}

void Core::end_early(WireId id, Answer answer, std::string_view reason) {
  Call& call = *in_flight_.find(id);
  if (!call.own) count(answer.outcome);
  Reply reply = std::exchange(call.reply, Reply(call.reply.client_id(), nullptr));
  reply.send(std::move(answer));
  const Call* still = in_flight_.find(id);
  if (still != nullptr && !still->withdrawn) cancel_at_child(id, reason);
}

void Core::cancel_at_child(WireId id, std::string_view reason) {
  Call& call = *in_flight_.find(id);
  call.reply.forget();
  if (call.number == 0) return finish(id, {});
  send_to_child(era_.cancellation(id, reason), "cancel");
  withdraw(id);
}

void Core::withdraw(WireId id) {
  Call& call = *in_flight_.find(id);
  admission_.release_kept(call);
  Feature* const feature = feature_of(call);
  const std::string subject = call.subject;
  in_flight_.withdraw(id, timers_.now() + call.timeout);
  arm();
  show_in_flight();
  if (feature != nullptr) feature->on_end(id, subject);
}

void Core::cancel(WireId id, const jsonrpc::Message& notification) {
  Call& call = *in_flight_.find(id);
  Answer nothing;
  nothing.outcome = Outcome::kCancelled;
  if (call.number == 0) return finish(id, std::move(nothing));
  // Sent at once, not queued; the calls at the child bound the number of cancels.
  send_to_child(era_.cancellation(id, notification), "cancel");
  count(Outcome::kCancelled);
  Reply reply = std::exchange(call.reply, Reply(call.reply.client_id(), nullptr));
  withdraw(id);
  reply.send(std::move(nothing));
}

Call Core::detach(WireId id) {
  Call& call = *in_flight_.find(id);
  if (call.number == 0) {
    admission_.release_kept(call);  // the next multiplexer keeps it again
    queue_.remove(*call.owner, call.client, id);
    Call moved = *in_flight_.close(id);
    show_in_flight();
    return moved;
  }
  Call moved(call.client, std::exchange(call.reply, Reply(call.reply.client_id(), nullptr)),
             call.owner);
  moved.method = call.method;
  moved.progress_token = call.progress_token;
  moved.line = call.kept;
  moved.id_at = call.id_at;
  moved.token_at = call.token_at;
  moved.rule = call.rule;
  moved.subject = call.subject;
  moved.timeout = call.timeout;
  moved.last_due = call.last_due;
  moved.due = call.paused == 0 ? call.due : std::min(timers_.now() + call.timeout, call.last_due);
  withdraw(id);
  return moved;
}

void Core::abandon(WireId id) {
  const Call& call = *in_flight_.find(id);
  Feature* const feature = feature_of(call);
  const std::string name = call.method;
  const std::string subject = call.subject;
  in_flight_.abandon(id);
  if (feature != nullptr) feature->on_abandoned(name, subject);
}

void Core::ask_child(std::string_view name, std::string_view params, Reply::Deliver then,
                     Clock::duration timeout) {
  if (!takes_calls()) return;
  Call call(kNoClient, Reply("0", std::move(then)));
  call.own = true;
  call.method = name;
  call.timeout = timeout;
  call.due = call.last_due = timers_.now() + timeout;
  call.line = jsonrpc::request_text(std::to_string(in_flight_.next_id()), name, params);
  send(open(std::move(call)));
}

bool Core::send_to_child(std::string line, std::string_view kind) {
  if (child_.send(std::move(line))) return true;
  log_.warn("message not sent to the child", {{"kind", kind}});
  drop("child_takes_nothing");
  return false;
}

bool Core::pass_on(ClientId client, std::string line, std::string_view kind) {
  if (!takes_calls() || reads_at_once()) return send_to_child(std::move(line), kind);
  const OwnerPtr owner = owner_of(client);
  if (!admission_.may_wait(*owner, client, FairQueue::bytes_of(line))) {
    refusals_.warn("message dropped",
                   {{"limit", "waiting_bytes"}, {"kind", kind}, {"owner", owner->name}});
    drop("message_beyond_share");
    return false;
  }
  queue_.push(owner, client, std::move(line));
  pump();
  return true;
}

void Core::refuse_child(const jsonrpc::Message& request, int error_code, std::string_view why) {
  drop("request_refused");
  warn_of_output("request of the child refused",
                 {{"method", excerpt(request.method())}, {"reason", why}}, request.text);
  send_to_child(
      jsonrpc::error_text(
          request.id(),
          jsonrpc::error_object(error_code, fmt::format("{}: {}", excerpt(request.method()), why))),
      "refusal");
}

std::optional<MessageOrigin> Core::origin_of(const jsonrpc::Message& message) const {
  for (const Feature* const each : features_) {
    if (const auto client = each->client_named_in(message)) return MessageOrigin{*client, nullptr};
  }
  return clients_.certain_origin();
}

void Core::warn_once(std::string_view event, observe::Log::Fields fields) {
  if (std::find(warned_.begin(), warned_.end(), event) != warned_.end()) return;
  warned_.push_back(event);
  log_.warn(event, fields);
}

void Core::warn_of_output(std::string_view event, observe::Log::Fields fields,
                          std::string_view line) {
  if (log_.enabled(observe::LogLevel::kWarn) && output_budget_.take(1, line.size()))
    log_.warn(event, fields);
}

// Features have seen the calls that the process had.
void Core::child_gone() {
  warned_.clear();
  wedge_watch_.child_gone();
  in_flight_.child_gone();
}

void Core::drop(std::string_view reason) {
  metrics_.dropped(reason).Increment();
  log_.debug("message dropped", {{"reason", reason}});
}

void Core::arm() {
  auto due = in_flight_.earliest_due();
  for (const Feature* const each : features_) {
    const auto other = each->earliest_due();
    if (other && (!due || *other < *due)) due = other;
  }
  if (!due) {
    timer_.cancel();
    armed_for_.reset();
    return;
  }
  if (armed_for_ && *armed_for_ <= *due) return;  // on_due() arms again
  armed_for_ = due;
  timer_ = timers_.after(*due - timers_.now(), [this] { on_due(); });
}

void Core::on_due() {
  armed_for_.reset();
  for (Feature* const each : features_) each->on_due();
  for (const WireId id : in_flight_.expired(timers_.now())) {
    Call* call = in_flight_.find(id);
    if (call == nullptr) continue;
    if (call->withdrawn) {
      abandon(id);
      continue;
    }
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(call->timeout);
    log_.warn("call timed out", {{"method", excerpt(call->method)}, {"ms", waited.count()}});
    end_early(id, late_answer(*call), "timed out");
  }
  arm();
}

// The answer to a call whose deadline has passed. A call that has waited for the start of the child
// ends with the reason for that.
Answer Core::late_answer(const Call& call) {
  const std::string& client_id = call.reply.client_id();
  if (call.number == 0 && !takes_calls()) {
    if (last_end_)
      return make_death_failure(Outcome::kUnavailable, client_id, last_end_->death,
                                std::max(last_end_->retry_after, kStartRetry));
    return make_failure(Outcome::kUnavailable, client_id, code::kRequestTimeout, state_text(), {},
                        kStartRetry);
  }
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(call.timeout);
  return make_failure(Outcome::kTimeout, client_id, code::kRequestTimeout,
                      fmt::format("the MCP server did not answer within {} ms", waited.count()));
}

}  // namespace sidecar::mux
