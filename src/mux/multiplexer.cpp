#include "mux/multiplexer.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "jsonrpc/truncated.hpp"
#include "mcp/protocol.hpp"
#include "mux/child_death.hpp"

namespace sidecar::mux {
namespace {

namespace code = mcp::code;
namespace method = mcp::method;

std::optional<WireId> wire_id(std::string_view token) {
  WireId id = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), id);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return id;
}

// params.protocolVersion of an initialize; empty when there is none.
std::string asked_version(const jsonrpc::Message& message) {
  static constexpr std::array<std::string_view, 1> kNames = {"protocolVersion"};
  if (!message.envelope.params) return {};
  const auto places = jsonrpc::find_members(message.text, kNames, message.envelope.params);
  return places ? jsonrpc::string_value((*places)[0].in(message.text)).value_or("") : std::string();
}

std::string_view excerpt(std::string_view text) { return text.substr(0, 200); }

}  // namespace

Multiplexer::Multiplexer(child::ChildLink& child, Timers& timers, Limits limits, observe::Log& log,
                         observe::Metrics& metrics)
    : child_(child), timers_(timers), limits_(limits), log_(log), metrics_(metrics) {
  for (std::size_t i = 0; i < kOutcomes; ++i)
    outcomes_[i] = &metrics_.calls(outcome_name(static_cast<Outcome>(i)));
}

ClientId Multiplexer::add(Client& client, std::string owner) {
  const ClientId id = next_client_++;
  clients_.emplace(id, Entry{&client, std::move(owner)});
  return id;
}

void Multiplexer::remove(ClientId client) {
  clients_.erase(client);
  for (WireId id : in_flight_.of_client(client)) {
    if (!in_flight_.find(id)->withdrawn) cancel_at_child(id, "the client has gone");
  }
}

// --- from clients
// ---------------------------------------------------------------------------------------------------

void Multiplexer::request(ClientId client, jsonrpc::Message message, Reply reply,
                          std::optional<Clock::duration> timeout) {
  assert(message.kind() == jsonrpc::Kind::kRequest);
  const std::string_view name = message.method();
  if (name == method::kPing) return reply.send(make_result(reply.client_id(), "{}"));
  if (auto refused = refusal(client, reply.client_id(), message.text.size())) {
    count(refused->outcome);
    return reply.send(std::move(*refused));
  }

  Call call(client, std::move(reply));
  call.method = name;
  call.timeout = timeout.value_or(limits_.call_timeout);
  call.last_due = timers_.now() + std::max(call.timeout, limits_.call_timeout_total);
  call.due = timers_.now() + call.timeout;
  if (name == method::kInitialize) {
    call.asked_version = asked_version(message);
  } else {
    const std::string wire = std::to_string(in_flight_.next_id());
    call.progress_token = message.envelope.progress_token.in(message.text);
    call.line =
        jsonrpc::splice(message.text, {{message.envelope.id, wire}, {message.envelope.progress_token, wire}});
    waiting_bytes_ += call.line.size();
  }
  const WireId id = in_flight_.open(std::move(call));
  metrics_.calls_in_flight.Set(static_cast<double>(in_flight_.live()));
  arm();
  if (takes_calls()) hand_over(id);
}

std::optional<Answer> Multiplexer::refusal(ClientId client, std::string_view client_id,
                                           std::size_t size) const {
  using std::chrono::seconds;
  if (!closing_.empty()) {
    return make_failure(Outcome::kUnavailable, client_id, code::kConnectionClosed, closing_, {}, seconds(1));
  }
  if (trouble_) {
    return make_failure(Outcome::kUnavailable, client_id, code::kConnectionClosed, trouble_->message,
                        trouble_->data, trouble_->retry_after);
  }
  if (client != kNoClient && in_flight_.count(client) >= limits_.calls_per_client) {
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
  const bool full = takes_calls() ? !child_.can_send(size)
                                  : waiting_bytes_ > 0 && waiting_bytes_ + size > limits_.waiting_bytes;
  if (full) {
    return make_failure(Outcome::kUnavailable, client_id, code::kBusy,
                        "the MCP server does not read its input fast enough", {}, seconds(1));
  }
  return std::nullopt;
}

// Requires a child that has done its handshake.
void Multiplexer::hand_over(WireId id) {
  Call& call = *in_flight_.find(id);
  if (call.asked_version) {
    const std::string result = handshake_.result_for(*call.asked_version);
    return finish(id, make_result(call.reply.client_id(), result));
  }
  waiting_bytes_ -= call.line.size();
  if (const auto number = child_.send(std::exchange(call.line, {}))) {
    in_flight_.handed_over(id, *number);
  } else {
    finish(id,
           make_failure(Outcome::kUnavailable, call.reply.client_id(), code::kBusy,
                        "the MCP server does not read its input fast enough", {}, std::chrono::seconds(1)));
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
    count(Outcome::kCancelled);
    if (call.number == 0) {
      call.reply.forget();
      return finish(*id, {});
    }
    send_to_child(jsonrpc::splice(message.text, {{message.envelope.request_id, std::to_string(*id)}}),
                  "cancel");
    in_flight_.withdraw(*id);
    metrics_.calls_in_flight.Set(static_cast<double>(in_flight_.live()));
    return;
  }
  // Roots and progress belong to conversations that a client of a shared child does not have.
  if (name == method::kRootsListChanged) return drop("roots_of_shared_child");
  if (name == method::kProgress) return drop("progress_of_unknown_call");
  if (!handshake_.done()) return drop("notification_before_handshake");
  send_to_child(std::move(message.text), "notification");
}

void Multiplexer::answer(ClientId, const jsonrpc::Message&) {
  // The child's requests are answered here, so no client was asked anything.
  drop("answer_to_nothing");
}

// --- to clients
// -----------------------------------------------------------------------------------------------------

// Closes a call and answers it; a tombstone is closed in silence.
void Multiplexer::finish(WireId id, Answer answer) {
  if (auto call = in_flight_.close(id)) settle(std::move(*call), std::move(answer));
}

void Multiplexer::settle(Call call, Answer answer) {
  waiting_bytes_ -= call.line.size();
  metrics_.calls_in_flight.Set(static_cast<double>(in_flight_.live()));
  if (!call.reply.pending()) return;
  count(answer.outcome);
  log_.debug("call answered", {{"method", call.method}, {"outcome", outcome_name(answer.outcome)}});
  call.reply.send(std::move(answer));
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
  in_flight_.withdraw(id);
  metrics_.calls_in_flight.Set(static_cast<double>(in_flight_.live()));
}

bool Multiplexer::send_to_child(std::string line, std::string_view kind) {
  if (child_.send(std::move(line))) return true;
  log_.warn("message not sent to the child", {{"kind", kind}});
  drop("child_takes_nothing");
  return false;
}

void Multiplexer::drop(std::string_view reason) {
  metrics_.dropped(reason).Increment();
  log_.debug("message dropped", {{"reason", reason}});
}

void Multiplexer::to_everybody(const std::string& text) {
  // A client may end while it is told, and take others along.
  std::vector<ClientId> ids;
  for (const auto& [id, entry] : clients_) ids.push_back(id);
  for (ClientId id : ids) {
    if (const auto entry = clients_.find(id); entry != clients_.end()) entry->second.client->on_message(text);
  }
}

bool Multiplexer::one_owner() const {
  for (const auto& [id, entry] : clients_) {
    if (entry.owner != clients_.begin()->second.owner) return false;
  }
  return !clients_.empty();
}

// --- from the child
// -------------------------------------------------------------------------------------------------

void Multiplexer::on_child_started() {
  // An id from the same row as the calls': what an earlier process says late cannot be taken for this answer.
  handshake_id_ = in_flight_.take_id();
  send_to_child(
      jsonrpc::request_text(std::to_string(*handshake_id_), method::kInitialize, Handshake::params()),
      "handshake");
}

void Multiplexer::on_child_line(std::string line) {
  auto message = jsonrpc::parse(std::move(line));
  if (!message) {
    // MCP 2025-11-25, Transports, stdio: stdout carries messages only. Servers print there all the same.
    drop("junk_on_stdout");
    return log_.warn("child wrote no message to stdout", {{"problem", message.error().message}});
  }
  switch (message->kind()) {
    case jsonrpc::Kind::kResult:
    case jsonrpc::Kind::kError:
      return on_answer(*message);
    case jsonrpc::Kind::kRequest:
      return on_child_request(*message);
    case jsonrpc::Kind::kNotification:
      return on_child_notification(std::move(*message));
  }
}

void Multiplexer::on_answer(const jsonrpc::Message& message) {
  const auto id = wire_id(message.id());
  if (id && id == handshake_id_) return on_handshake_answer(message);
  auto call = id ? in_flight_.close(*id) : std::nullopt;
  if (!call) return drop("answer_to_unknown_call");
  child_.note_answer();
  if (call->withdrawn) drop("answer_after_cancel");

  Answer answer;
  const jsonrpc::Envelope& envelope = message.envelope;
  const std::string& client_id = call->reply.client_id();
  const bool is_error = message.kind() == jsonrpc::Kind::kError;
  answer.outcome = is_error ? Outcome::kError : Outcome::kResult;
  answer.payload = is_error ? envelope.error : envelope.result;
  if (answer.payload.begin > envelope.id.begin) answer.payload.begin += client_id.size() - envelope.id.size;
  answer.text = jsonrpc::splice(message.text, {{envelope.id, client_id}});
  if (is_error) answer.message = error_message(answer);
  settle(std::move(*call), std::move(answer));
}

void Multiplexer::on_handshake_answer(const jsonrpc::Message& message) {
  handshake_id_.reset();
  if (const auto finished = handshake_.finish(message); !finished) {
    log_.error("handshake failed", {{"reason", finished.error().message}});
    return child_.handshake_failed(finished.error().message);
  }
  if (!mcp::is_handshake_version(handshake_.version())) {
    log_.warn("child speaks an unknown protocol version", {{"version", handshake_.version()}});
  }
  log_.info("child is ready", {{"version", handshake_.version()}});
  child_.handshake_done();
  send_to_child(jsonrpc::notification_text(method::kInitialized, {}), "handshake");
  trouble_.reset();
  for (WireId id : in_flight_.all()) {
    const Call* call = in_flight_.find(id);  // an answer may have closed others
    if (call != nullptr && call->number == 0 && takes_calls()) hand_over(id);
  }
  if (std::exchange(was_ready_, true)) {
    for (const auto& [capability, changed] :
         {std::pair{"tools", method::kToolsListChanged}, std::pair{"prompts", method::kPromptsListChanged},
          std::pair{"resources", method::kResourcesListChanged}}) {
      if (handshake_.declares(capability)) to_everybody(jsonrpc::notification_text(changed, {}));
    }
  }
}

void Multiplexer::on_child_request(const jsonrpc::Message& message) {
  if (message.method() == method::kPing) {
    send_to_child(jsonrpc::result_text(message.id(), "{}"), "ping");
    return;
  }
  // The handshake declared no client capabilities, so a server that keeps to it does not ask.
  drop("request_of_shared_child");
  log_.warn("child asked for something that no client can be asked for",
            {{"method", excerpt(message.method())}});
  send_to_child(
      jsonrpc::error_text(
          message.id(),
          jsonrpc::error_object(code::kMethodNotFound,
                                fmt::format("{}: this server is shared by several clients, none of which "
                                            "can be asked; no such client capability was declared",
                                            excerpt(message.method())))),
      "refusal");
}

void Multiplexer::on_child_notification(jsonrpc::Message message) {
  const std::string_view name = message.method();
  if (name == method::kProgress) return on_progress(std::move(message));
  if (name == method::kCancelled)
    return drop("cancel_of_unknown_call");  // of a request that was refused at once
  if (name == method::kToolsListChanged || name == method::kPromptsListChanged ||
      name == method::kResourcesListChanged) {
    return to_everybody(message.text);
  }
  // The child does not say whose it is. With a certain origin it goes there; else it may hold another owner's
  // data.
  if (const auto origin = in_flight_.sole_origin()) {
    const auto entry = clients_.find(*origin);
    if (entry == clients_.end()) return drop("notification_of_rest_call");
    return entry->second.client->on_message(std::move(message.text));
  }
  if (!one_owner()) return drop("notification_without_origin");
  to_everybody(message.text);
}

void Multiplexer::on_progress(jsonrpc::Message message) {
  const auto id = wire_id(message.envelope.progress_token.in(message.text));
  Call* call = id ? in_flight_.find(*id) : nullptr;
  if (call == nullptr || call->withdrawn || call->progress_token.empty())
    return drop("progress_of_unknown_call");
  in_flight_.move_due(*id, timers_.now() + call->timeout);
  std::string text = jsonrpc::splice(message.text, {{message.envelope.progress_token, call->progress_token}});
  if (call->reply.takes_progress()) return call->reply.progress(std::move(text));
  if (const auto entry = clients_.find(call->client); entry != clients_.end()) {
    entry->second.client->on_message(std::move(text));
  }
}

void Multiplexer::on_child_line_too_long(std::string first, std::string last, std::size_t size) {
  drop("line_too_long");
  const auto token = jsonrpc::id_of_truncated(first, last);
  const auto id = token ? wire_id(*token) : std::nullopt;
  Call* call = id ? in_flight_.find(*id) : nullptr;
  log_.error("child wrote a line beyond the limit", {{"bytes", size}, {"call_found", call != nullptr}});
  if (call == nullptr) return;
  finish(*id, make_failure(
                  Outcome::kTooLarge, call->reply.client_id(), code::kInternalError,
                  fmt::format("the MCP server's answer of {} bytes is beyond the limit for one line", size)));
}

void Multiplexer::on_child_exit(child::Exit exit) {
  handshake_.reset();
  handshake_id_.reset();
  const auto retry_after = std::chrono::ceil<std::chrono::seconds>(exit.retry_in);
  const ChildDeath death = describe(exit);
  if (exit.failed_starts >= kPatience || exit.final)
    trouble_ = Trouble{death.message, death.data, retry_after};

  // What the child never read waits for the next one under the same ids.
  for (child::Unwritten& unwritten : exit.unwritten) {
    if (const auto id = in_flight_.find_number(unwritten.number)) {
      waiting_bytes_ += unwritten.line.size();
      in_flight_.find(*id)->line = std::move(unwritten.line);
    }
  }
  in_flight_.child_gone();
  for (WireId id : in_flight_.all()) {
    Call* call = in_flight_.find(id);
    if (call == nullptr) continue;
    const bool waits = !call->withdrawn && (call->asked_version || !call->line.empty());
    if (waits && !trouble_) continue;
    const Outcome outcome = waits ? Outcome::kUnavailable : Outcome::kChildDied;
    finish(id, make_failure(outcome, call->reply.client_id(), code::kConnectionClosed, death.message,
                            death.data, retry_after));
  }
}

// --- deadlines
// ------------------------------------------------------------------------------------------------------

void Multiplexer::arm() {
  const auto due = in_flight_.earliest_due();
  if (!due) {
    timer_.cancel();
    armed_for_.reset();
    return;
  }
  if (armed_for_ && *armed_for_ <= *due) return;  // on_due() arms again
  armed_for_ = due;
  timer_ = timers_.after(*due - timers_.now(), [this] { on_due(); });
}

void Multiplexer::on_due() {
  armed_for_.reset();
  for (WireId id : in_flight_.expired(timers_.now())) {
    Call* call = in_flight_.find(id);
    if (call == nullptr) continue;
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(call->timeout);
    Answer answer = make_failure(Outcome::kTimeout, call->reply.client_id(), code::kRequestTimeout,
                                 fmt::format("the MCP server did not answer within {} ms", waited.count()));
    count(Outcome::kTimeout);
    log_.warn("call timed out", {{"method", excerpt(call->method)}, {"ms", waited.count()}});
    Reply reply = std::exchange(call->reply, Reply(call->reply.client_id(), nullptr));
    cancel_at_child(id, "timed out");
    reply.send(std::move(answer));
  }
  arm();
}

}  // namespace sidecar::mux
