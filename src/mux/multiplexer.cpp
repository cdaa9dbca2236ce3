#include "mux/multiplexer.hpp"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "jsonrpc/truncated.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/stray_output.hpp"
#include "mux/core/wire.hpp"
#include "mux/era/handshake_era.hpp"

namespace sidecar::mux {

namespace code = mcp::code;
namespace method = mcp::method;

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Multiplexer::Multiplexer(child::ChildLink& child, Timers& timers, IdAllocator& ids,
                         ChildRate& child_rate, Limits limits, ChildRole role, observe::Log& log,
                         observe::Metrics& metrics)
    : child_(child),
      era_(std::make_unique<HandshakeEra>()),
      core_(child, *era_, timers, ids, child_rate, limits, role, log, metrics),
      server_requests_(core_, ids),
      lists_(core_, ids) {
  core_.set_features({&initialize_, &server_requests_, &subscriptions_, &tasks_, &progress_,
                      &lists_, &log_levels_});
}

// Answers all open calls while everything that an answer may use still exists.
Multiplexer::~Multiplexer() {
  for (const WireId id : calls().all()) {
    if (auto call = calls().close(id); call && call->own) call->reply.forget();
  }
}

void Multiplexer::add(ClientId id, Client& client, const auth::Principal& caller,
                      ClientProfile profile) {
  OwnerPtr account = core_.owners().get(caller.share_owner());
  core_.clients().add(id, {&client, caller.owner, std::move(account), std::move(profile)});
  for (Feature* const each : core_.features()) each->client_joined();
}

void Multiplexer::remove(ClientId client) {
  core_.clients().remove(client);
  for (Feature* const each : core_.features()) each->client_leaves(client);
  std::vector<WireId> own = calls().of_client(client);
  for (const WireId id : own) calls().find(id)->reply.forget();
  // Newest first: a call that waits for the list of an older call must not fetch it instead.
  std::reverse(own.begin(), own.end());
  for (const WireId id : own) {
    const Call* call = calls().find(id);  // the end of one may have ended others
    if (call != nullptr && !call->withdrawn) core_.cancel_at_child(id, "the client has gone");
  }
  for (Feature* const each : core_.features()) each->client_left(client);
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
  OwnerPtr owner = core_.owner_of(origin);
  if (auto refused = refusal(origin.client, *owner, reply.client_id(), message.text.size())) {
    core_.count(refused->outcome);
    return reply.send(std::move(*refused));
  }

  Call call(origin.client, std::move(reply), std::move(owner));
  call.by_sidecar = origin.by_sidecar;
  call.method = name;
  call.timeout = timeout.value_or(core_.limits().call_timeout);
  call.last_due = core_.timers().now() + std::max(call.timeout, core_.limits().call_timeout_total);
  call.due = core_.timers().now() + call.timeout;
  call.task = static_cast<bool>(message.envelope.task);
  call.rule = MethodRule::find(name);
  if (call.rule != nullptr) {
    call.repeatable = name == method::kToolsCall
                          ? lists_.repeatable_tool(message.envelope.name.in(message.text))
                          : call.rule->repeatable;
    if (Feature* const feature = core_.feature_of(call)) {
      if (auto answer = feature->on_request(origin.client, message, call)) {
        core_.count(answer->outcome);
        return call.reply.send(*std::move(answer));
      }
    }
  }
  call.progress_token = message.envelope.progress_token.in(message.text);
  call.id_at = message.envelope.id;
  call.token_at = message.envelope.progress_token;
  call.line = std::move(message.text);
  core_.dispatch(core_.open(std::move(call)));
}

// The refusal of a call; nullopt: it is accepted. May end calls of others to make room for it.
std::optional<Answer> Multiplexer::refusal(ClientId client, Owner& owner,
                                           std::string_view client_id, std::size_t size) {
  const auto unavailable = [client_id](int error_code, std::string_view why) {
    return make_failure(Outcome::kUnavailable, client_id, error_code, why, {},
                        std::chrono::seconds(1));
  };
  if (!closing_.empty()) return unavailable(code::kConnectionClosed, closing_);
  if (refuses()) {
    return make_death_failure(Outcome::kUnavailable, client_id, core_.last_end()->death,
                              core_.last_end()->retry_after);
  }
  const bool waits = !core_.reads_at_once();
  if (!waits && !child_.can_send(size))
    return unavailable(code::kBusy, "the MCP server does not read its input fast enough");
  return core_.admission().refusal(client, owner, client_id, size, waits);
}

void Multiplexer::notification(ClientId client, jsonrpc::Message message) {
  const std::string_view name = message.method();
  if (name == method::kInitialized) return;  // the child got the sidecar's own
  if (name == method::kCancelled) return cancel(client, message);
  if (name == method::kProgress) return server_requests_.on_client_progress(client, message);
  // Roots and tasks of a client concern a dedicated child only.
  if (name == method::kRootsListChanged && !(core_.role().dedicated && core_.role().client_roots))
    return core_.drop("roots_of_shared_child");
  if (name == method::kTaskStatus && !core_.role().dedicated)
    return core_.drop("task_of_shared_child");
  if (!era_->is_open()) return core_.drop("notification_before_handshake");
  core_.pass_on(client, std::move(message.text), "notification");
}

// MCP 2025-11-25, Cancellation: an unknown or finished request is ignored, and initialize must not
// be cancelled.
void Multiplexer::cancel(ClientId client, const jsonrpc::Message& message) {
  const auto id = calls().find(client, message.envelope.request_id.in(message.text));
  if (!id) return core_.drop("cancel_of_unknown_call");
  if (calls().find(*id)->method != method::kInitialize) core_.cancel(*id, message);
}

void Multiplexer::answer(ClientId client, const jsonrpc::Message& message) {
  server_requests_.on_client_answer(client, message);
}

void Multiplexer::permissions_changed() {
  for (Feature* const each : core_.features()) each->permissions_changed();
}

void Multiplexer::on_child_line(std::string line) {
  core_.wedge_watch().child_wrote();
  if (line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
  if (!jsonrpc::looks_like_batch(line)) return on_text(std::move(line));
  // MCP 2025-03-26, Basic, Batching.
  auto elements = jsonrpc::take_apart(line);
  if (!elements && !jsonrpc::is_utf8(line)) elements = jsonrpc::take_apart(mended(line));
  if (!elements) return on_unusable(line, {.message = elements.error().message, .id = {}});
  if (elements->empty()) return on_unusable(line, {.message = "an empty batch", .id = {}});
  for (std::string& element : *elements) on_text(std::move(element));
}

void Multiplexer::on_text(std::string text) {
  auto message = jsonrpc::parse_or_keep(text);
  if (!message && !jsonrpc::is_utf8(text)) {
    text = mended(text);
    message = jsonrpc::parse_or_keep(text);
  }
  if (message) return on_message(std::move(*message));
  on_unusable(text, message.error());
}

// The official SDKs take such a line, too.
std::string Multiplexer::mended(const std::string& text) {
  core_.warn_once("child writes text that is not UTF-8; its bad bytes become U+FFFD",
                  {{"line", excerpt(text)}});
  std::string valid = jsonrpc::with_valid_utf8(text);
  jsonrpc::pad(valid);
  return valid;
}

// Ends the call that the line answers, if that is certain.
// MCP 2025-11-25, Transports, stdio: stdout carries messages only. Some servers print other text
// there.
void Multiplexer::on_unusable(const std::string& line, const jsonrpc::ParseError& problem) {
  core_.drop(problem.ambiguous ? "ambiguous_member" : "junk_on_stdout");
  const std::string_view shape = problem.ambiguous ? "" : shape_of_stray(line);
  core_.warn_of_output("child wrote a line to stdout that is not a message",
                       {{"problem", shape.empty() ? std::string_view(problem.message) : shape},
                        {"line", excerpt(line)}},
                       line);
  if (problem.ambiguous) return;
  child_.note_stray_output(excerpt(line));
  const auto token = jsonrpc::id_of_unusable_answer(line);
  const auto id = token ? number_of(*token) : std::nullopt;
  if (!id) return;
  const std::string why = "is not a JSON-RPC message: " + problem.message;
  if (id == opening_id_) {
    opening_id_.reset();
    return child_.handshake_failed("answered initialize with a line that " + why, {});
  }
  const Call* call = calls().find(*id);
  if (call == nullptr || call->number == 0) return;
  core_.finish(*id, make_failure(Outcome::kUnusable, call->reply.client_id(), code::kInternalError,
                                 "the MCP server's answer " + why));
}

void Multiplexer::on_message(jsonrpc::Message message) {
  switch (message.kind()) {
    case jsonrpc::Kind::kResult:
    case jsonrpc::Kind::kError:
      return on_answer(std::move(message));
    case jsonrpc::Kind::kRequest:
      return on_child_request(message);
    case jsonrpc::Kind::kNotification:
      return on_child_notification(message);
  }
}

void Multiplexer::on_answer(jsonrpc::Message message) {
  const auto id = number_of(message.id());
  if (id && !is_plain_number(message.id()))
    core_.warn_once("child writes ids in another form than it was sent",
                    {{"id", excerpt(message.id())}});
  if (id && id == opening_id_) return on_opened(message);
  // The child cannot answer a call that was not handed to it.
  const Call* open = id ? calls().find(*id) : nullptr;
  auto call = open != nullptr && open->number != 0 ? calls().close(*id) : std::nullopt;
  if (!call && (message.id() == "null" || message.id().empty()))
    return on_error_without_id(std::move(message));
  if (!call) return on_late_answer(id, message);
  child_.note_answer();
  if (call->withdrawn) core_.drop("answer_after_cancel");
  Answer answer = era_->decode(std::move(message), *call);
  if (answer.outcome == Outcome::kError) server_requests_.on_error(*call, answer);
  if (call->task && answer.outcome == Outcome::kResult) tasks_.on_made(*id, *call, answer);
  if (Feature* const feature = core_.feature_of(*call)) feature->on_result(*id, *call, answer);
  core_.settle(*id, std::move(*call), std::move(answer));
}

// JSON-RPC 2.0, section 5: the id of a request that could not be read is null. Some servers leave
// it out.
void Multiplexer::on_error_without_id(jsonrpc::Message message) {
  const auto client = calls().sole_origin();
  const auto id = client ? calls().sole_call(*client) : std::nullopt;
  if (!id) {
    core_.drop("answer_to_unknown_call");
    return core_.warn_of_output("child reports an error without the id of its call",
                                {{"error", excerpt(message.envelope.error.in(message.text))}},
                                message.text);
  }
  if (message.id().empty()) {
    const std::string_view error = message.envelope.error.in(message.text);
    message = *jsonrpc::parse(jsonrpc::error_text("null", error));
  }
  Call call = *calls().close(*id);
  Answer answer = era_->decode(std::move(message), call);
  core_.settle(*id, std::move(call), std::move(answer));
}

// An answer to a call that is not in flight: abandoned, answered before, or never made.
void Multiplexer::on_late_answer(std::optional<WireId> id, const jsonrpc::Message& message) {
  const auto late = id ? calls().answered_late(*id) : std::nullopt;
  if (!late) {
    if (opening_id_)
      core_.warn_of_output("child answered a request that it was not sent",
                           {{"id", excerpt(message.id())}}, message.text);
    return core_.drop("answer_to_unknown_call");
  }
  core_.drop("answer_after_cancel");
  if (late->task) tasks_.on_made_late(message);
}

void Multiplexer::on_child_request(const jsonrpc::Message& message) {
  const std::string_view name = message.method();
  if (opening_id_ && number_of(message.id()) == opening_id_ && name == method::kInitialize) {
    opening_id_.reset();
    return child_.handshake_failed("sends back what it is sent: is it an MCP server?", {});
  }
  if (name == method::kPing) {
    core_.send_to_child(jsonrpc::result_text(message.id(), "{}"), "ping");
    return;
  }
  if (mcp::names_notification(name))
    return core_.refuse_child(message, code::kInvalidRequest,
                              "this is the name of a notification, which has no id");
  server_requests_.on_child_request(message);
}

void Multiplexer::on_child_notification(const jsonrpc::Message& message) {
  if (!mcp::names_notification(message.method())) return core_.drop("request_without_id");
  for (Feature* const each : core_.features()) {
    if (each->on_child_notification(message)) return;
  }
  on_log_or_unknown(message);
}

// The message does not name its client. It goes to its certain origin if it has one; otherwise it
// may contain any owner's data, so it is sent only if all clients have the same owner.
void Multiplexer::on_log_or_unknown(const jsonrpc::Message& message) {
  if (const auto origin = core_.origin_of(message)) {
    if (!core_.clients().contains(origin->client)) return core_.drop("notification_of_rest_call");
    if (!log_levels_.lets_through(origin->client, message)) return core_.drop("below_log_level");
    return core_.clients().deliver(*origin, message.text);
  }
  if (!core_.clients().one_owner()) return core_.drop("notification_without_origin");
  core_.clients().tell_all(
      message.text, [&](ClientId client) { return log_levels_.lets_through(client, message); });
}

void Multiplexer::on_child_line_too_long(std::string first, std::string last, std::size_t size) {
  core_.drop("line_too_long");
  const auto token = jsonrpc::id_of_truncated(first, last);
  const WireId id = token ? number_of(*token).value_or(0) : 0;
  Call* call = calls().find(id);
  core_.log().error("child wrote a line beyond the limit",
                    {{"bytes", size}, {"call_found", call != nullptr}});
  if (call == nullptr) {
    calls().answered_late(id);
    return;
  }
  core_.finish(
      id, make_failure(
              Outcome::kTooLarge, call->reply.client_id(), code::kInternalError,
              fmt::format("the MCP server's answer of {} bytes is beyond the limit for one line",
                          size)));
}

void Multiplexer::initialize(std::string params) {
  opening_params_ = std::move(params);
  if (child_.running()) open_child();
}

void Multiplexer::on_child_started() {
  if (!opening_params_.empty()) open_child();
}

void Multiplexer::open_child() {
  // A wire id, so that no late answer of an earlier process can be mistaken for this answer.
  opening_id_ = calls().take_id();
  core_.send_to_child(era_->opening(*opening_id_, opening_params_), "handshake");
  child_.handshake_sent();
}

void Multiplexer::on_opened(const jsonrpc::Message& answer) {
  opening_id_.reset();
  if (!child_.running()) return child_.handshake_done();  // it is being ended, or has ended
  auto first = era_->opened(answer);
  if (!first) {
    std::string words = era_->refusal(answer);
    core_.log().error("handshake failed",
                      {{"reason", first.error().message}, {"error", excerpt(words)}});
    return child_.handshake_failed(first.error().message, std::move(words));
  }
  if (!mcp::is_handshake_version(era_->version())) {
    core_.log().warn("child speaks an unknown protocol version", {{"version", era_->version()}});
  }
  core_.log().info("child is ready", {{"version", era_->version()}});
  child_.handshake_done();
  core_.send_to_child(std::move(*first), "handshake");
  core_.set_last_end(std::nullopt);
  // Features restore the state of an earlier process ahead of the calls, while the child reads.
  for (Feature* const each : core_.features()) each->child_ready();
  while (child_.wants_more() && core_.work_of_features()) {
  }
  initialize_.answer_waiting();
  core_.pump();
  lists_.lists_may_differ();
}

void Multiplexer::migrate_to(Multiplexer& next) {
  core_.set_replaced();
  for (const auto& [id, entry] : core_.clients().all()) {
    OwnerPtr account = next.core_.owners().get(entry.account->name);
    next.core_.clients().add(id, {entry.client, entry.owner, std::move(account), entry.profile});
  }
  for (std::size_t i = 0; i < kFeatures; ++i)
    core_.features()[i]->migrate_to(*next.core_.features()[i]);
  next.closing_ = closing_;
  for (const WireId id : calls().all()) {
    const Call* call = calls().find(id);
    if (call == nullptr || !(call->number == 0 || must_migrate(*call))) continue;
    next.core_.adopt(id, core_.detach(id));
    next.core_.dispatch(id);
  }
}

bool Multiplexer::must_migrate(const Call& call) const {
  return call.rule != nullptr && call.rule->must_migrate && !call.subject.empty() && !call.undone &&
         !call.kept.empty() && !call.withdrawn;
}

void Multiplexer::on_child_exit(child::Exit exit) {
  era_->closed();
  opening_id_.reset();
  const auto retry_after = std::chrono::ceil<std::chrono::seconds>(exit.retry_in);
  const auto death = std::make_shared<const ChildDeath>(exit);
  core_.set_last_end(LastEnd{death, retry_after, exit.failed_starts, exit.final});

  // Lines that the child did not read wait for the next process under the same ids.
  for (child::Unwritten& unwritten : exit.unwritten) {
    const auto id = calls().find_number(unwritten.number);
    if (!id) continue;
    Call& call = *calls().find(*id);
    call.line = era_->restore(*id, std::move(unwritten.line), call);
  }
  for (Feature* const each : core_.features()) each->child_gone();
  core_.child_gone();
  for (std::size_t lost = core_.queue().clear(); lost > 0; --lost)
    core_.drop("child_takes_nothing");
  for (const WireId id : calls().all()) {
    if (calls().find(id) != nullptr) continue_or_end(id, death, retry_after);
  }
}

// The child has died: the call waits for the next process, is repeated there, or ends.
void Multiplexer::continue_or_end(WireId id, const std::shared_ptr<const ChildDeath>& death,
                                  std::chrono::seconds retry_after) {
  Call& call = *calls().find(id);
  if (call.line.empty() && may_repeat(call)) {
    call.line = call.kept;
    core_.admission().release_kept(call);
    call.repeated = true;
    core_.metrics().calls_repeated.Increment();
  } else if (call.repeated && call.line.empty() && !call.withdrawn) {
    core_.log().error("child died twice with the same call", {{"method", excerpt(call.method)}});
  }
  const bool waits = !call.withdrawn && !call.own && !call.line.empty();
  if (waits && !refuses()) return core_.dispatch(id);
  const Outcome outcome = waits ? Outcome::kUnavailable : Outcome::kChildDied;
  core_.finish(id, make_death_failure(outcome, call.reply.client_id(), death, retry_after));
}

// A call is repeated once, and only if the first attempt cannot have had an effect.
bool Multiplexer::may_repeat(const Call& call) const {
  return call.repeatable && !call.kept.empty() && !call.repeated && !call.withdrawn && !call.task &&
         !call.asked_client && !core_.replaced() && core_.timers().now() < call.due;
}

bool Multiplexer::refuses() const {
  const auto& end = core_.last_end();
  return end && (end->failed_starts >= kPatience || end->final);
}

Readiness Multiplexer::readiness() const {
  if (!closing_.empty()) return {.state = closing_, .retry_after = kStartRetry};
  if (!core_.takes_calls()) {
    const auto& end = core_.last_end();
    if (!end)
      return {.state = std::string(core_.state_text()), .retry_after = kStartRetry, .tries = 1};
    const unsigned tries = end->failed_starts + (child_.running() ? 1 : 0);
    return {
        .state = child_.running() ? fmt::format("the MCP server is starting (try {})", tries) : "",
        .retry_after = std::max(end->retry_after, kStartRetry),
        .tries = tries,
        .death = end->death};
  }
  if (core_.wedge_watch().wedged())
    return {.state = "the MCP server does not answer", .retry_after = std::chrono::seconds(10)};
  return {.ready = true};
}

std::string Readiness::reason(auth::Disclosure told) const {
  if (!death) return state;
  return state.empty() ? death->message(told)
                       : fmt::format("{}; before, it {}", state, death->what(told));
}

}  // namespace sidecar::mux
