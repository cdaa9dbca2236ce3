#include "mux/multiplexer.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "mux/method_rules.hpp"
#include "mux/wire.hpp"

namespace sidecar::mux {

namespace code = mcp::code;
namespace method = mcp::method;

Multiplexer::Multiplexer(child::ChildLink& child, Timers& timers, Numbers& numbers, Limits limits,
                         Terms terms, observe::Log& log, observe::Metrics& metrics)
    : child_(child),
      timers_(timers),
      numbers_(numbers),
      limits_(limits),
      terms_(terms),
      log_(log),
      metrics_(metrics),
      calls_shown_(metrics.calls_in_flight),
      peer_requests_shown_(metrics.peer_requests),
      in_flight_(numbers),
      queue_(metrics.waiting_bytes),
      peer_requests_(numbers) {
  for (std::size_t i = 0; i < kOutcomes; ++i)
    outcomes_[i] = &metrics_.calls(outcome_name(static_cast<Outcome>(i)));
}

// What still waits is answered while everything that an answer may touch is there.
Multiplexer::~Multiplexer() {
  for (const WireId id : in_flight_.all()) {
    if (auto call = in_flight_.close(id); call && call->own) call->reply.forget();
  }
}

void Multiplexer::add(ClientId id, Client& client, std::string owner, ClientProfile profile) {
  clients_.emplace(id, Entry{&client, std::move(owner), std::move(profile)});
  adjust_level();
}

void Multiplexer::remove(ClientId client) {
  clients_.erase(client);
  for (const PeerId id : peer_requests_.of_client(client)) {
    if (const auto request = close_peer_request(id))
      send_to_child(jsonrpc::error_text(request->child_id, jsonrpc::error_object(code::kConnectionClosed,
                                                                                 "the client has gone")),
                    "refusal");
  }
  std::vector<WireId> calls = in_flight_.of_client(client);
  for (const WireId id : calls) in_flight_.find(id)->reply.forget();
  // The newest first: one that waits for another one's list must not fetch it in its place.
  std::reverse(calls.begin(), calls.end());
  for (const WireId id : calls) {
    const Call* call = in_flight_.find(id);  // the end of one may have ended others
    if (call != nullptr && !call->withdrawn) cancel_at_child(id, "the client has gone");
  }
  for (const std::string& uri : subscriptions_.remove_all(client)) release_subscription(uri);
  for (const std::string& task : tasks_.disown(client)) {
    // The child still works on it, for nobody.
    in_flight_.work_ends(client);
    in_flight_.work_begins(kNoClient);
    ask_child(
        method::kTasksCancel, fmt::format(R"({{"taskId":{}}})", jsonrpc::string_token(task)),
        [this, task](const Answer&) { end_task(task); }, limits_.call_timeout);
  }
  levels_.forget(client);
  adjust_level();
}

bool Multiplexer::concerns(ClientId client, const jsonrpc::Message& message) const {
  if (message.kind() == jsonrpc::Kind::kResult || message.kind() == jsonrpc::Kind::kError) {
    const auto id = number_of(message.id());
    return id && peer_requests_.find(*id, client) != nullptr;
  }
  if (message.method() == method::kProgress) {
    const auto id = number_of(message.envelope.progress_token.in(message.text));
    return id && peer_requests_.find(*id, client) != nullptr;
  }
  if (message.method() == method::kCancelled)
    return has_call(client, message.envelope.request_id.in(message.text));
  if (!message.method().starts_with("tasks/")) return false;
  const Task* task = tasks_.find(string_member(message.text, message.envelope.params, "taskId").value_or(""));
  return task != nullptr && task->client == client;
}

// --- requests
// ---------------------------------------------------------------------------------------------------------

void Multiplexer::request(Asker asker, jsonrpc::Message message, Reply reply,
                          std::optional<Clock::duration> timeout) {
  assert(message.kind() == jsonrpc::Kind::kRequest);
  const std::string_view name = message.method();
  if (name == method::kPing) return reply.send(make_result(reply.client_id(), "{}"));
  if (auto refused = refusal(asker, reply.client_id(), message.text.size())) {
    count(refused->outcome);
    return reply.send(std::move(*refused));
  }

  Call call(asker, std::move(reply));
  call.method = name;
  call.timeout = timeout.value_or(limits_.call_timeout);
  call.last_due = timers_.now() + std::max(call.timeout, limits_.call_timeout_total);
  call.due = timers_.now() + call.timeout;
  call.task = static_cast<bool>(message.envelope.task);
  call.rule = MethodRule::find(name);
  if (call.rule != nullptr) {
    call.repeatable = call.rule->repeatable;
    if (call.rule->ask != nullptr && (this->*call.rule->ask)({asker.client, message, call})) return;
  }
  if (!call.asked_version) {
    const std::string wire = std::to_string(in_flight_.next_id());
    call.progress_token = message.envelope.progress_token.in(message.text);
    call.line = jsonrpc::splice_in_place(
        std::move(message.text), {{message.envelope.id, wire}, {message.envelope.progress_token, wire}});
  }
  const WireId id = in_flight_.open(std::move(call));
  show_in_flight();
  arm();
  place(id);
}

std::optional<Answer> Multiplexer::refusal(Asker asker, std::string_view client_id, std::size_t size) const {
  using std::chrono::seconds;
  if (!closing_.empty()) {
    return make_failure(Outcome::kUnavailable, client_id, code::kConnectionClosed, closing_, {}, seconds(1));
  }
  if (trouble_) {
    return make_failure(Outcome::kUnavailable, client_id, code::kConnectionClosed, trouble_->message,
                        trouble_->data, trouble_->retry_after);
  }
  if (asker.client != kNoClient && in_flight_.count(asker.client) >= limits_.calls_per_client) {
    return make_failure(
        Outcome::kBusy, client_id, code::kBusy,
        fmt::format("too many calls in flight: this session may have {}", limits_.calls_per_client), {},
        seconds(1));
  }
  if (in_flight_.live() >= limits_.calls) {
    return make_failure(Outcome::kUnavailable, client_id, code::kBusy, "too many calls in flight", {},
                        seconds(1));
  }
  // A line that nothing waits in front of is always accepted: its size has a limit of its own.
  const auto full = [size](std::size_t waiting, std::size_t limit) {
    return waiting > 0 && waiting + size > limit;
  };
  if (full(queue_.bytes(), limits_.waiting_bytes) || (takes_calls() && !child_.can_send(size))) {
    return make_failure(Outcome::kUnavailable, client_id, code::kBusy,
                        "the MCP server does not read its input fast enough", {}, seconds(1));
  }
  if (full(queue_.bytes(asker.turn), limits_.waiting_bytes / 4)) {
    return make_failure(Outcome::kBusy, client_id, code::kBusy,
                        "too many bytes wait for the MCP server to read them: one client may have a quarter",
                        {}, seconds(1));
  }
  return std::nullopt;
}

// Puts an open call where it goes: answered, waiting for another one's list, or in line for the child.
void Multiplexer::place(WireId id) {
  Call& call = *in_flight_.find(id);
  if (call.asked_version) {
    if (!takes_calls()) return;  // until the handshake is done
    return finish(id, make_result(call.reply.client_id(), handshake_.result_for(*call.asked_version)));
  }
  if (call.lists() && handshake_.done() && handshake_.promises_changes(ListCache::capability(call.method))) {
    if (const std::string* known = lists_.find(call.subject))
      return finish(id, make_result(call.reply.client_id(), *known));
    if (!lists_.lead_or_wait(call.subject, id)) return;
  }
  if (numbers_.child_rate.on() && !call.charged) {
    if (auto refused = over_rate(call)) return finish(id, std::move(*refused));
    call.charged = true;
    numbers_.calls.take(numbers_.child_rate, timers_.now());
  }
  if (queue_.empty() && takes_calls() && child_.wants_more()) return hand_over(id);
  queue_.push(call.turn, id, call.line.size());
  pump();
}

std::optional<Answer> Multiplexer::over_rate(const Call& call) {
  const Rate& rate = numbers_.child_rate;
  const Clock::duration wait = numbers_.calls.wait(rate, timers_.now());
  if (wait == Clock::duration::zero()) return std::nullopt;
  const auto client = clients_.find(call.client);
  refusals_.warn("rate limit reached", {{"limit", "child"},
                                        {"method", excerpt(call.method)},
                                        {"key", client == clients_.end() ? "" : client->second.owner}});
  metrics_.refused("rate_child").Increment();
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
  return make_failure(Outcome::kOverRate, call.reply.client_id(), code::kBusy,
                      fmt::format("Rate limit exceeded: all clients together may make {} calls in {} s",
                                  rate.requests, std::chrono::duration<double>(rate.window).count()),
                      fmt::format(R"({{"retryAfter":{}}})", seconds.count()), seconds);
}

// BOUNDED STACK: what is handed over may be answered at once, and others be placed for it; they are taken by
// the loop that runs already.
void Multiplexer::pump() {
  if (std::exchange(pumping_, true)) return;
  while (takes_calls() && child_.wants_more()) {
    const auto id = queue_.pop();
    if (!id) break;
    hand_over(*id);
  }
  pumping_ = false;
}

// Requires a child that has done its handshake.
void Multiplexer::hand_over(WireId id) {
  Call& call = *in_flight_.find(id);
  if (call.rule != nullptr && call.rule->handing != nullptr && (this->*call.rule->handing)(id, call)) return;
  const bool keeps = call.repeatable || (call.rule != nullptr && call.rule->moves);
  if (keeps && call.kept.empty() && !call.repeated && kept_bytes_ + call.line.size() <= kKeptBytes) {
    call.kept = call.line;
    kept_bytes_ += call.kept.size();
  }
  if (const auto number = child_.send(std::exchange(call.line, {}))) {
    call.sent = timers_.now();
    in_flight_.handed_over(id, *number);
    watch();
  } else {
    finish(id,
           make_failure(Outcome::kUnavailable, call.reply.client_id(), code::kBusy,
                        "the MCP server does not read its input fast enough", {}, std::chrono::seconds(1)));
  }
}

// --- notifications and answers
// ----------------------------------------------------------------------------------------

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
    send_to_child(jsonrpc::splice(message.text, {{message.envelope.request_id, std::to_string(*id)}}),
                  "cancel");
    count(Outcome::kCancelled);
    Reply reply = std::exchange(call.reply, Reply(call.reply.client_id(), nullptr));
    withdraw(*id);
    return reply.send(std::move(nothing));
  }
  if (name == method::kProgress) {
    const auto id = number_of(message.envelope.progress_token.in(message.text));
    const PeerRequest* asked = id ? peer_requests_.find(*id, client) : nullptr;
    if (asked == nullptr || asked->progress_token.empty()) return drop("progress_of_unknown_call");
    send_to_child(jsonrpc::splice(message.text, {{message.envelope.progress_token, asked->progress_token}}),
                  "progress");
    return;
  }
  // Roots, and tasks of a client, belong to a conversation that a client of a shared child does not have.
  if (name == method::kRootsListChanged && !(terms_.own && terms_.client_roots))
    return drop("roots_of_shared_child");
  if (name == method::kTaskStatus && !terms_.own) return drop("task_of_shared_child");
  if (!handshake_.done()) return drop("notification_before_handshake");
  send_to_child(std::move(message.text), "notification");
}

void Multiplexer::answer(ClientId client, const jsonrpc::Message& message) {
  const auto id = number_of(message.id());
  const PeerRequest* asked = id ? peer_requests_.find(*id, client) : nullptr;
  if (asked == nullptr) return drop("answer_to_nothing");
  const auto request = close_peer_request(*id);
  send_to_child(jsonrpc::splice(message.text, {{message.envelope.id, request->child_id}}), "answer");
}

// --- answers to clients
// -----------------------------------------------------------------------------------------------

// A request that was answered without the child.
void Multiplexer::reply_here(Call& call, Answer answer) {
  count(answer.outcome);
  call.reply.send(std::move(answer));
}

// Closes a call and answers it; a tombstone is closed in silence.
void Multiplexer::finish(WireId id, Answer answer) {
  if (auto call = in_flight_.close(id)) settle(id, std::move(*call), std::move(answer));
}

void Multiplexer::settle(WireId id, Call call, Answer answer) {
  if (!call.line.empty()) queue_.remove(call.turn, id);
  release_kept(call);
  show_in_flight();
  if (call.reply.pending()) {
    if (!call.own) count(answer.outcome);
    if (call.sent != Clock::time_point{}) answer.at_child = timers_.now() - call.sent;
    log_.debug("call answered", {{"method", call.method}, {"outcome", outcome_name(answer.outcome)}});
    call.reply.send(std::move(answer));
  }
  if (call.lists()) place_waiting(call.subject, id);
}

// Who waited for the list that a call fetched: answered from what it got, or one of them fetches it now.
void Multiplexer::place_waiting(const std::string& key, WireId id) {
  for (const WireId waiting : lists_.leave(key, id)) {
    if (in_flight_.find(waiting) != nullptr) place(waiting);
  }
}

// Ends a call that nobody waits for any more, here and at the child.
void Multiplexer::cancel_at_child(WireId id, std::string_view reason) {
  Call& call = *in_flight_.find(id);
  call.reply.forget();
  if (call.number == 0) return finish(id, {});
  send_to_child(
      jsonrpc::notification_text(method::kCancelled, fmt::format(R"({{"requestId":{},"reason":{}}})", id,
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
  if (!list.empty()) place_waiting(list, id);
}

bool Multiplexer::send_to_child(std::string line, std::string_view kind) {
  if (child_.send(std::move(line))) return true;
  log_.warn("message not sent to the child", {{"kind", kind}});
  drop("child_takes_nothing");
  return false;
}

// A call of the sidecar's own; it goes before everything that waits. Requires a child that takes calls, else
// nothing happens.
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
  hand_over(id);
}

void Multiplexer::drop(std::string_view reason) {
  metrics_.dropped(reason).Increment();
  log_.debug("message dropped", {{"reason", reason}});
}

}  // namespace sidecar::mux
