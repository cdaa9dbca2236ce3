// Multiplexer: starts and ends of the child, deadlines, and detection of a wedged child.
#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/method_rules.hpp"
#include "mux/core/wire.hpp"
#include "mux/multiplexer.hpp"

namespace sidecar::mux {

namespace code = mcp::code;
namespace method = mcp::method;

void Multiplexer::initialize(std::string params) {
  handshake_params_ = std::move(params);
  if (child_.running()) send_handshake();
}

void Multiplexer::on_child_started() {
  if (!handshake_params_.empty()) send_handshake();
}

void Multiplexer::send_handshake() {
  // A wire id, so that no late answer of an earlier process can be mistaken for this answer.
  handshake_id_ = in_flight_.take_id();
  send_to_child(
      jsonrpc::request_text(std::to_string(*handshake_id_), method::kInitialize, handshake_params_),
      "handshake");
  child_.handshake_sent();
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
  restore();
  for (const WireId id : in_flight_.all()) {
    const Call* call = in_flight_.find(id);  // an answer may have closed others
    if (call != nullptr && call->asked_version) dispatch(id);
  }
  pump();
  if (std::exchange(was_ready_, true)) tell_lists_changed();
}

void Multiplexer::tell_lists_changed() {
  if (!was_ready_ || replaced_) return;  // clients use the next child's lists
  for (const auto& [capability, changed] :
       {std::pair{"tools", method::kToolsListChanged},
        std::pair{"prompts", method::kPromptsListChanged},
        std::pair{"resources", method::kResourcesListChanged}}) {
    if (handshake_.declares(capability)) to_everybody(jsonrpc::notification_text(changed, {}));
  }
}

// Restores what an earlier process had: the log level, and subscriptions while the child reads, all
// of them ahead of the calls.
void Multiplexer::restore() {
  log_levels_.child_ready();
  subscriptions_.child_ready();
  while (child_.wants_more() && subscriptions_.work()) {
  }
}

void Multiplexer::migrate_to(Multiplexer& next) {
  replaced_ = true;
  for (const auto& [id, entry] : clients_) {
    OwnerPtr account = next.owners_.get(entry.account->name);
    next.clients_.emplace(
        id, ClientEntry{entry.client, entry.owner, std::move(account), entry.profile});
  }
  subscriptions_.migrate_to(next.subscriptions_);
  log_levels_.migrate_to(next.log_levels_);
  next.was_ready_ = was_ready_;
  next.closing_ = closing_;
  forget_lists();
  for (const WireId id : in_flight_.all()) {
    const Call* call = in_flight_.find(id);
    if (call == nullptr || !(call->number == 0 || must_migrate(*call))) continue;
    Call moved = detach(id);
    moved.owner = next.owners_.get(moved.owner->name);
    next.in_flight_.adopt(id, std::move(moved));
    next.dispatch(id);
  }
  next.arm();
  next.show_in_flight();
  show_in_flight();
}

bool Multiplexer::must_migrate(const Call& call) const {
  return call.rule != nullptr && call.rule->must_migrate && !call.subject.empty() && !call.undone &&
         !call.kept.empty() && !call.withdrawn;
}

// Moves a call out, for the next child and under the same id. If this child has it, a tombstone
// stays here.
Call Multiplexer::detach(WireId id) {
  Call& call = *in_flight_.find(id);
  if (call.number == 0) {
    release_kept(call);  // the next multiplexer keeps it again
    queue_.remove(*call.owner, call.client, id);
    return *in_flight_.close(id);
  }
  Call moved(call.client, std::exchange(call.reply, Reply(call.reply.client_id(), nullptr)),
             call.owner);
  moved.method = call.method;
  moved.progress_token = call.progress_token;
  moved.line = call.kept;
  moved.rule = call.rule;
  moved.subject = call.subject;
  moved.timeout = call.timeout;
  moved.last_due = call.last_due;
  moved.due = call.paused == 0 ? call.due : std::min(timers_.now() + call.timeout, call.last_due);
  withdraw(id);
  return moved;
}

void Multiplexer::on_child_exit(child::Exit exit) {
  handshake_.reset();
  handshake_id_.reset();
  wedged_ = false;
  probing_ = false;
  const auto retry_after = std::chrono::ceil<std::chrono::seconds>(exit.retry_in);
  const auto death = std::make_shared<const ChildDeath>(exit);
  if (exit.failed_starts >= kPatience || exit.final) trouble_ = Trouble{death, retry_after};

  // Lines that the child did not read wait for the next process under the same ids.
  for (child::Unwritten& unwritten : exit.unwritten) {
    if (const auto id = in_flight_.find_number(unwritten.number))
      in_flight_.find(*id)->line = std::move(unwritten.line);
  }
  server_requests_.child_gone();
  in_flight_.child_gone();
  tasks_.child_gone();
  subscriptions_.child_gone();
  forget_lists();
  for (std::size_t lost = queue_.clear(); lost > 0; --lost) drop("child_takes_nothing");
  for (const WireId id : in_flight_.all()) {
    Call* call = in_flight_.find(id);
    if (call == nullptr) continue;
    if (!call->asked_version && call->line.empty() && may_repeat(*call)) {
      call->line = call->kept;
      release_kept(*call);
      call->repeated = true;
      metrics_.calls_repeated.Increment();
    } else if (call->repeated && call->line.empty() && !call->withdrawn) {
      log_.error("child died twice with the same call", {{"method", excerpt(call->method)}});
    }
    const bool waits =
        !call->withdrawn && !call->own && (call->asked_version || !call->line.empty());
    if (waits && !trouble_) {
      dispatch(id);
      continue;
    }
    const Outcome outcome = waits ? Outcome::kUnavailable : Outcome::kChildDied;
    finish(id, make_death_failure(outcome, call->reply.client_id(), death, retry_after));
  }
}

// A call is repeated once, and only if the first attempt cannot have had an effect.
bool Multiplexer::may_repeat(const Call& call) const {
  return call.repeatable && !call.kept.empty() && !call.repeated && !call.withdrawn && !call.task &&
         !call.asked_client && !replaced_ && timers_.now() < call.due;
}

Readiness Multiplexer::readiness() const {
  if (!closing_.empty()) return {false, closing_, std::chrono::seconds(1)};
  if (trouble_) {
    return {false, trouble_->death->message(observe::Disclosure::kStderr),
            std::max(trouble_->retry_after, std::chrono::seconds(1)), trouble_->death};
  }
  if (!takes_calls()) return {false, "the MCP server is starting", std::chrono::seconds(1)};
  if (wedged_) return {false, "the MCP server does not answer", std::chrono::seconds(10)};
  return {true, {}, {}};
}

void Multiplexer::arm() {
  auto due = in_flight_.earliest_due();
  if (const auto asked = server_requests_.earliest_due(); asked && (!due || *asked < *due))
    due = asked;
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
  server_requests_.on_due();
  for (const WireId id : in_flight_.expired(timers_.now())) {
    Call* call = in_flight_.find(id);
    if (call == nullptr) continue;
    if (call->withdrawn) {
      abandon(id);
      continue;
    }
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(call->timeout);
    Answer answer =
        make_failure(Outcome::kTimeout, call->reply.client_id(), code::kRequestTimeout,
                     fmt::format("the MCP server did not answer within {} ms", waited.count()));
    log_.warn("call timed out", {{"method", excerpt(call->method)}, {"ms", waited.count()}});
    end_early(id, std::move(answer), "timed out");
  }
  arm();
}

// Gives up waiting for the answer to a cancelled call. It may nevertheless have changed the child's
// state, so its feature is informed.
void Multiplexer::abandon(WireId id) {
  const Call& call = *in_flight_.find(id);
  Feature* const feature = feature_of(call);
  const std::string name = call.method;
  const std::string subject = call.subject;
  in_flight_.abandon(id);
  if (feature != nullptr) feature->on_abandoned(name, subject);
}

// Checks the age of the oldest call every `wedged_after`, while there is one.
void Multiplexer::watch() {
  if (watching_) return;
  watching_ = true;
  watch_timer_ = timers_.after(limits_.wedged_after, [this] {
    watching_ = false;
    const auto oldest = in_flight_.oldest_sent();
    if (!oldest) return;
    if (timers_.now() - *oldest >= limits_.wedged_after) probe();
    watch();
  });
}

// A call may take long; a ping must be answered within `probe_timeout`.
void Multiplexer::probe() {
  if (probing_ || wedged_ || !takes_calls()) return;
  probing_ = true;
  ask_child(
      method::kPing, {},
      [this](const Answer& answer) {
        probing_ = false;
        if (answer.outcome != Outcome::kTimeout) return;
        wedged_ = true;
        metrics_.child_wedged.Increment();
        log_.error("child does not answer", {{"calls", in_flight_.live()}});
        if (limits_.restart_wedged) child_.handshake_failed("did not answer, not even a ping");
      },
      limits_.probe_timeout);
}

}  // namespace sidecar::mux
