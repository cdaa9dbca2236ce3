#include "mux/multiplexer.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/method_rules.hpp"
#include "mux/core/wire.hpp"

namespace sidecar::mux {

namespace code = mcp::code;
namespace method = mcp::method;

namespace {

constexpr std::size_t kMaxCachedRequest = 4096;  // bytes; a longer one is passed on
constexpr std::size_t kMaxCancel = 1024;         // bytes, as its client wrote it

}  // namespace

Multiplexer::Multiplexer(child::ChildLink& child, Timers& timers, IdAllocator& ids,
                         ChildRate& child_rate, Limits limits, ChildRole role, observe::Log& log,
                         observe::Metrics& metrics)
    : Core({in_flight_, clients_, owners_, timers, limits_, role_, log, refusals_, metrics}),
      child_(child),
      timers_(timers),
      ids_(ids),
      child_rate_(child_rate),
      limits_(limits),
      role_(role),
      log_(log),
      metrics_(metrics),
      calls_shown_(metrics.calls_in_flight),
      owners_(limits.calls, InFlight::kMaxTombstones, limits.waiting_bytes, TaskTable::kMax,
              UrlElicitations::kMax),
      in_flight_(ids),
      queue_(metrics.waiting_bytes) {
  for (std::size_t i = 0; i < kOutcomes; ++i)
    outcomes_[i] = &metrics_.calls(outcome_name(static_cast<Outcome>(i)));
}

// Answers all open calls while everything that an answer may use still exists.
Multiplexer::~Multiplexer() {
  for (const WireId id : in_flight_.all()) {
    if (auto call = in_flight_.close(id); call && call->own) call->reply.forget();
  }
}

void Multiplexer::add(ClientId id, Client& client, const observe::Caller& caller,
                      ClientProfile profile) {
  OwnerPtr account = owners_.get(caller.share_owner());
  clients_.emplace(id, ClientEntry{&client, caller.owner, std::move(account), std::move(profile)});
  log_levels_.client_joined();
}

OwnerPtr Multiplexer::owner_of(CallOrigin origin) {
  const auto entry = clients_.find(origin.client);
  return entry != clients_.end() ? entry->second.account : owners_.get(origin.owner);
}

void Multiplexer::remove(ClientId client) {
  clients_.erase(client);
  server_requests_.client_left(client);
  std::vector<WireId> calls = in_flight_.of_client(client);
  for (const WireId id : calls) in_flight_.find(id)->reply.forget();
  // Newest first: a call that waits for the list of an older call must not fetch it instead.
  std::reverse(calls.begin(), calls.end());
  for (const WireId id : calls) {
    const Call* call = in_flight_.find(id);  // the end of one may have ended others
    if (call != nullptr && !call->withdrawn) cancel_at_child(id, "the client has gone");
  }
  subscriptions_.client_left(client);
  tasks_.client_left(client);
  log_levels_.client_left(client);
}

bool Multiplexer::concerns(ClientId client, const jsonrpc::Message& message) const {
  if (message.kind() == jsonrpc::Kind::kResult || message.kind() == jsonrpc::Kind::kError ||
      message.method() == method::kProgress)
    return server_requests_.concerns(client, message);
  if (message.method() == method::kCancelled)
    return has_call(client, message.envelope.request_id.in(message.text));
  if (!message.method().starts_with("tasks/")) return false;
  const auto task = string_member(message.text, message.envelope.params, "taskId");
  return task && tasks_.has(client, *task);
}

void Multiplexer::request(CallOrigin origin, jsonrpc::Message message, Reply reply,
                          std::optional<Clock::duration> timeout) {
  assert(message.kind() == jsonrpc::Kind::kRequest);
  const std::string_view name = message.method();
  if (name == method::kPing) return reply.send(make_result(reply.client_id(), "{}"));
  OwnerPtr owner = owner_of(origin);
  if (auto refused = refusal(origin.client, *owner, reply.client_id(), message.text.size())) {
    count(refused->outcome);
    return reply.send(std::move(*refused));
  }

  Call call(origin.client, std::move(reply), std::move(owner));
  call.method = name;
  call.timeout = timeout.value_or(limits_.call_timeout);
  call.last_due = timers_.now() + std::max(call.timeout, limits_.call_timeout_total);
  call.due = timers_.now() + call.timeout;
  call.task = static_cast<bool>(message.envelope.task);
  call.rule = MethodRule::find(name);
  if (call.rule != nullptr) {
    call.repeatable = call.rule->repeatable;
    if (name == method::kInitialize) note_initialize(origin.client, message, call);
    if (name == method::kToolsCall)
      call.repeatable = tools_.repeatable(message.envelope.name.in(message.text));
    if (call.rule->list && message.text.size() <= kMaxCachedRequest)
      call.subject = ListCache::key(message).value_or("");
    if (Feature* const feature = feature_of(call)) {
      if (auto answer = feature->on_request(origin.client, message, call))
        return reply_here(call, *std::move(answer));
    }
  }
  if (!call.asked_version) {
    const std::string wire = std::to_string(in_flight_.next_id());
    call.progress_token = message.envelope.progress_token.in(message.text);
    call.line = jsonrpc::splice_in_place(
        std::move(message.text),
        {{message.envelope.id, wire}, {message.envelope.progress_token, wire}});
  }
  const WireId id = in_flight_.open(std::move(call));
  show_in_flight();
  arm();
  dispatch(id);
}

// Answers an open call, lets it wait for the list that another call fetches, or sends or queues it
// for the child.
void Multiplexer::dispatch(WireId id) {
  Call& call = *in_flight_.find(id);
  call.from_memory = false;
  if (call.asked_version) {
    if (!takes_calls()) return;  // until the handshake is done
    return finish(id,
                  make_result(call.reply.client_id(), handshake_.result_for(*call.asked_version)));
  }
  if (call.lists() && handshake_.done() &&
      handshake_.promises_changes(ListCache::capability(call.method))) {
    if (lists_.find(call.subject) != nullptr) return answer_known(id);
    if (!lists_.lead_or_wait(call.subject, id)) return;
  }
  if (child_rate_.on() && !call.charged) {
    if (auto refused = charge(call)) return finish(id, std::move(*refused));
  }
  if (queue_.empty() && takes_calls() && child_.wants_more()) return send(id);
  queue_.push(call.owner, call.client, id, call.line.size());
  pump();
}

Answer Multiplexer::known_list(const Call& call, const std::string& result) {
  const std::uint64_t version = list_version(call.method);
  const bool unchanged = call.reply.knows(version);
  Answer answer = make_result(call.reply.client_id(), unchanged ? "{}" : result);
  answer.list_version = version;
  answer.unchanged = unchanged;
  return answer;
}

std::optional<Answer> Multiplexer::charge(Call& call) {
  const auto refused = child_rate_.charge(call.owner->name, timers_.now());
  call.charged = !refused;
  if (!refused) return std::nullopt;
  const auto client = clients_.find(call.client);
  refusals_.warn("rate limit reached",
                 {{"limit", "child"},
                  {"method", excerpt(call.method)},
                  {"key", client == clients_.end() ? "" : client->second.owner}});
  metrics_.refused("rate_child").Increment();
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(refused->wait);
  const Rate& rate = child_rate_.rate();
  const double window = std::chrono::duration<double>(rate.window).count();
  return make_failure(
      Outcome::kOverRate, call.reply.client_id(), code::kBusy,
      refused->sharers == 0
          ? fmt::format("Rate limit exceeded: all clients together may make {} calls in {} s",
                        rate.requests, window)
          : fmt::format("Rate limit exceeded: {} keys or addresses share {} calls in {} s",
                        refused->sharers, rate.requests, window),
      fmt::format(R"({{"retryAfter":{}}})", seconds.count()), seconds);
}

// BOUNDED STACK: a call that is handed over may be answered at once, which may queue further calls.
// The running loop takes these; a nested pump() returns.
void Multiplexer::pump() {
  if (std::exchange(pumping_, true)) return;
  while (takes_calls() && child_.wants_more()) {
    if (subscriptions_.work()) continue;
    auto next = queue_.pop();
    if (!next) break;
    if (next->id != 0)
      send(next->id);
    else
      send_to_child(std::move(next->line), "message of a client");
  }
  pumping_ = false;
}

// Requires takes_calls().
void Multiplexer::send(WireId id) {
  Call& call = *in_flight_.find(id);
  if (Feature* const feature = feature_of(call)) {
    if (auto answer = feature->before_send(id, call)) return finish(id, *std::move(answer));
  }
  if (call.repeatable || (call.rule != nullptr && call.rule->must_migrate)) keep(call);
  if (const auto number = child_.send(std::exchange(call.line, {}))) {
    call.sent = timers_.now();
    in_flight_.handed_over(id, *number);
    watch();
  } else {
    finish(id, make_failure(Outcome::kUnavailable, call.reply.client_id(), code::kBusy,
                            "the MCP server does not read its input fast enough", {},
                            std::chrono::seconds(1)));
  }
}

void Multiplexer::notification(ClientId client, jsonrpc::Message message) {
  const std::string_view name = message.method();
  if (name == method::kInitialized) return;  // the child got the sidecar's own
  if (name == method::kCancelled) {
    // MCP 2025-11-25, Cancellation: an unknown or finished request is ignored.
    const auto id = in_flight_.find(client, message.envelope.request_id.in(message.text));
    if (!id) return drop("cancel_of_unknown_call");
    Call& call = *in_flight_.find(*id);
    if (call.asked_version) return;  // initialize must not be cancelled
    Answer nothing;
    nothing.outcome = Outcome::kCancelled;
    if (call.number == 0) return finish(*id, std::move(nothing));
    // Sent at once, not queued; the calls at the child bound the number of cancels. A long reason
    // is left out, to bound their size.
    const std::string wire = std::to_string(*id);
    send_to_child(
        message.text.size() <= kMaxCancel
            ? jsonrpc::splice(message.text, {{message.envelope.request_id, wire}})
            : jsonrpc::notification_text(method::kCancelled, R"({"requestId":)" + wire + "}"),
        "cancel");
    count(Outcome::kCancelled);
    Reply reply = std::exchange(call.reply, Reply(call.reply.client_id(), nullptr));
    withdraw(*id);
    return reply.send(std::move(nothing));
  }
  if (name == method::kProgress) return server_requests_.on_client_progress(client, message);
  // Roots and tasks of a client concern a dedicated child only.
  if (name == method::kRootsListChanged && !(role_.dedicated && role_.client_roots))
    return drop("roots_of_shared_child");
  if (name == method::kTaskStatus && !role_.dedicated) return drop("task_of_shared_child");
  if (!handshake_.done()) return drop("notification_before_handshake");
  pass_on(client, std::move(message.text), "notification");
}

void Multiplexer::answer(ClientId client, const jsonrpc::Message& message) {
  server_requests_.on_client_answer(client, message);
}

bool Multiplexer::pass_on(ClientId client, std::string line, std::string_view kind) {
  if (!takes_calls() || (queue_.empty() && child_.wants_more()))
    return send_to_child(std::move(line), kind);
  const OwnerPtr owner = owner_of(client);
  const std::size_t size = FairQueue::bytes_of(line);
  if (!fits_client(*owner, client, size) || !make_room_for_bytes(*owner, size)) {
    refusals_.warn("message dropped",
                   {{"limit", "waiting_bytes"}, {"kind", kind}, {"owner", owner->name}});
    drop("message_beyond_share");
    return false;
  }
  queue_.push(owner, client, std::move(line));
  pump();
  return true;
}

// Answers a request that was never in flight.
void Multiplexer::reply_here(Call& call, Answer answer) {
  count(answer.outcome);
  call.reply.send(std::move(answer));
}

// Closes a call and answers it. A tombstone is closed without an answer.
void Multiplexer::finish(WireId id, Answer answer) {
  if (auto call = in_flight_.close(id)) settle(id, std::move(*call), std::move(answer));
}

void Multiplexer::settle(WireId id, Call call, Answer answer) {
  if (!call.line.empty() && call.owner != nullptr) queue_.remove(*call.owner, call.client, id);
  release_kept(call);
  show_in_flight();
  if (call.reply.pending()) {
    if (!call.own) count(answer.outcome);
    if (call.sent != Clock::time_point{}) answer.at_child = timers_.now() - call.sent;
    log_.debug("call answered",
               {{"method", call.method}, {"outcome", outcome_name(answer.outcome)}});
    call.reply.send(std::move(answer));
  }
  if (call.lists()) dispatch_waiting(call.subject, id);
}

// Dispatches the calls that waited for the list that a call fetched: they are answered from the
// cache, or one of them fetches the list. BOUNDED STACK: a call that ends within dispatch() has no
// calls waiting for it, because the others are dispatched after it.
void Multiplexer::dispatch_waiting(const std::string& key, WireId id) {
  for (const WireId waiting : lists_.leave(key, id)) {
    if (in_flight_.find(waiting) != nullptr) dispatch(waiting);
  }
}

// Answers a call before the child does, and cancels it at the child. The receiver of the answer may
// call back into the multiplexer and end its session.
void Multiplexer::end_early(WireId id, Answer answer, std::string_view reason) {
  Call& call = *in_flight_.find(id);
  if (!call.own) count(answer.outcome);
  Reply reply = std::exchange(call.reply, Reply(call.reply.client_id(), nullptr));
  reply.send(std::move(answer));
  const Call* still = in_flight_.find(id);
  if (still != nullptr && !still->withdrawn) cancel_at_child(id, reason);
}

// Ends a call without an answer, here and at the child.
void Multiplexer::cancel_at_child(WireId id, std::string_view reason) {
  Call& call = *in_flight_.find(id);
  call.reply.forget();
  if (call.number == 0) return finish(id, {});
  send_to_child(jsonrpc::notification_text(method::kCancelled,
                                           fmt::format(R"({{"requestId":{},"reason":{}}})", id,
                                                       jsonrpc::string_token(reason))),
                "cancel");
  withdraw(id);
}

void Multiplexer::withdraw(WireId id) {
  Call& call = *in_flight_.find(id);
  release_kept(call);
  const std::string list = call.lists() ? call.subject : std::string();
  in_flight_.withdraw(id, timers_.now() + call.timeout);
  arm();
  show_in_flight();
  if (!list.empty()) dispatch_waiting(list, id);
}

bool Multiplexer::send_to_child(std::string line, std::string_view kind) {
  if (child_.send(std::move(line))) return true;
  log_.warn("message not sent to the child", {{"kind", kind}});
  drop("child_takes_nothing");
  return false;
}

void Multiplexer::ask_child(std::string_view name, std::string_view params, Reply::Deliver then,
                            Clock::duration timeout) {
  if (!takes_calls()) return;
  Call call(kNoClient, Reply("0", std::move(then)));
  call.own = true;
  call.method = name;
  call.timeout = timeout;
  call.due = call.last_due = timers_.now() + timeout;
  call.line = jsonrpc::request_text(std::to_string(in_flight_.next_id()), name, params);
  const WireId id = in_flight_.open(std::move(call));
  show_in_flight();
  arm();
  send(id);
}

Feature* Multiplexer::feature_of(const Call& call) {
  if (call.rule == nullptr) return nullptr;
  switch (call.rule->feature) {
    case FeatureKind::kNone:
      return nullptr;
    case FeatureKind::kSubscriptions:
      return &subscriptions_;
    case FeatureKind::kLogLevels:
      return &log_levels_;
    case FeatureKind::kTasks:
      return &tasks_;
  }
  return nullptr;
}

void Multiplexer::permissions_changed() {
  tell_lists_changed();
  subscriptions_.permissions_changed();
}

void Multiplexer::drop(std::string_view reason) {
  metrics_.dropped(reason).Increment();
  log_.debug("message dropped", {{"reason", reason}});
}

}  // namespace sidecar::mux
