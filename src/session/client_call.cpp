#include "session/client_call.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "config/text.hpp"
#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "session/list_filter.hpp"
#include "session/permission.hpp"
#include "session/with_trace_context.hpp"

namespace sidecar::session {
namespace {

// Bytes of the token. Longer tokens are cut and not decoded.
constexpr std::size_t kMaxSubject = 8192;
constexpr std::chrono::seconds kRetryRefused{5};
// Of requests that the sidecar makes itself. Nobody looks for them by it.
constexpr std::string_view kOwnId = "0";

observe::CallArguments arguments_of(const jsonrpc::Message& request) {
  static constexpr std::array<std::string_view, 1> kNames = {"arguments"};
  const bool has_some =
      request.method() == mcp::method::kToolsCall || request.method() == mcp::method::kPromptsGet;
  if (!has_some || !request.envelope.params) return {};
  const auto places = jsonrpc::find_members(request.text, kNames, request.envelope.params);
  if (!places) return {.text = {}, .readable = false};
  return {(*places)[0].in(request.text)};
}

std::string subject_of(const jsonrpc::Message& request) {
  const jsonrpc::Span place = request.envelope.name ? request.envelope.name : request.envelope.uri;
  if (!place) return {};
  const std::string_view token = place.in(request.text).substr(0, kMaxSubject);
  return jsonrpc::string_value(token).value_or(std::string(token));
}

bool is_recorded(const observe::Calls* calls, const jsonrpc::Message& request) {
  return calls != nullptr && !calls->sinks().empty() && request.method() != mcp::method::kPing;
}

}  // namespace

CallSender::~CallSender() {
  while (!open_.empty()) open_.front().drop();
}

ClientCall* CallSender::call_in_look_up(std::string_view id) {
  if (in_look_up_ == 0) return nullptr;
  const auto found = std::find_if(open_.begin(), open_.end(), [id](const ClientCall& call) {
    return call.in_look_up_ && call.id() == id;
  });
  return found == open_.end() ? nullptr : &*found;
}

void ClientCall::start(CallSender& sender, const observe::Calls* calls,
                       std::shared_ptr<const observe::CallSource> source, ClientRequest request) {
  request.message = with_trace_context(std::move(request.message), request.trace);
  auto call = std::make_shared<ClientCall>(Key{}, sender, calls, std::move(source), request);
  if (const auto begun = call->begin_record(); !begun) return call->fail(begun.error().message);
  if (const auto why = refusal(*call->caller_, call->message_)) return call->forbid(*why);
  if (call->method_ == mcp::method::kDiscover) return call->refuse_method();
  if (!request.unavailable.empty()) return call->fail(request.unavailable);
  // The calls below own the call: this stack frame must not keep it alive beyond its session.
  if (call->method_ == mcp::method::kToolsCall && call->caller_->read_only())
    return look_up_tool(std::move(call));
  send(std::move(call));
}

ClientCall::ClientCall(Key, CallSender& sender, const observe::Calls* calls,
                       std::shared_ptr<const observe::CallSource> source, ClientRequest& request)
    : sender_(sender),
      calls_(is_recorded(calls, request.message) ? calls : nullptr),
      source_(std::move(source)),
      caller_(std::move(request.caller)),
      trace_(std::move(request.trace)),
      message_(std::move(request.message)),
      id_(message_.id()),
      method_(message_.method()),
      deliver_(std::move(request.deliver)),
      notify_(std::move(request.notify)),
      known_(std::move(request.known)),
      request_bytes_(message_.text.size()) {
  sender_.open_.push_back(*this);
}

ClientCall::~ClientCall() { drop(); }

void ClientCall::drop() {
  if (!std::exchange(open_, false)) return;
  unlink();
  set_in_look_up(false);
  record_end(mux::outcome_name(mux::Outcome::kCancelled), 0, "the session ended before the answer");
}

void ClientCall::set_in_look_up(bool now) {
  if (in_look_up_ == now) return;
  in_look_up_ = now;
  now ? ++sender_.in_look_up_ : --sender_.in_look_up_;
}

void ClientCall::cancel() {
  const Ptr self = shared_from_this();  // the look-up may release the call
  mux::Answer nothing;
  nothing.outcome = mux::Outcome::kCancelled;
  end(std::move(nothing));
}

Result<void> ClientCall::begin_record() {
  if (calls_ == nullptr) return {};
  subject_ = subject_of(message_);
  began_ = std::chrono::system_clock::now();
  started_ = calls_->now();
  const auto& sinks = calls_->sinks();
  const bool wanted = std::any_of(sinks.begin(), sinks.end(),
                                  [](const auto* sink) { return sink->wants_arguments(); });
  const auto arguments = wanted ? arguments_of(message_) : observe::CallArguments();
  for (observe::CallSink* sink : sinks) {
    auto kept = sink->on_call_begin(*caller_, arguments);
    if (!kept) return tl::unexpected(kept.error());
    kept_.push_back(*std::move(kept));
  }
  return {};
}

void ClientCall::look_up_tool(Ptr call) {
  call->set_in_look_up(true);
  const std::string tool =
      jsonrpc::string_value(call->message_.envelope.name.in(call->message_.text)).value_or("");
  // The session's end drops the replies, and with them both callbacks and the call.
  auto fetch = [call](const std::string& params, mux::Reply::Deliver deliver) {
    if (!call->open_) return;
    auto page = jsonrpc::parse(jsonrpc::request_text(kOwnId, mcp::method::kToolsList, params));
    if (!page) {
      return deliver(mux::make_failure(mux::Outcome::kInternal, kOwnId, mcp::code::kInternalError,
                                       page.error().message));
    }
    call->sender_.send_own(*call->caller_, *std::move(page),
                           mux::Reply(std::string(kOwnId), std::move(deliver)));
  };
  auto done = [call = std::move(call), tool](std::string_view why) {
    if (!call->open_) return;
    call->set_in_look_up(false);
    if (why.empty()) return send(call);
    call->forbid(fmt::format("not permitted: this caller may only read, and {} {}",
                             config::shown(tool), why));
  };
  check_read_only(tool, std::move(fetch), std::move(done));
}

void ClientCall::send(Ptr call) {
  CallSender& sender = call->sender_;
  jsonrpc::Message message = std::move(call->message_);
  auto view = list_view(call->caller_, call->method_);
  auto known = std::move(call->known_);
  auto notify = std::move(call->notify_);
  const auto caller = call->caller_;
  std::string id = call->id_;
  mux::Reply reply(
      std::move(id), [call = std::move(call)](mux::Answer answer) { call->end(std::move(answer)); },
      std::move(notify));
  reply.set_known(std::move(known));
  reply.set_view(std::move(view));
  sender.send(*caller, std::move(message), std::move(reply));
}

void ClientCall::forbid(std::string_view why) {
  end(mux::make_failure(mux::Outcome::kForbidden, id_, mcp::code::kInvalidParams, why));
}

// Some servers end when they are asked for it. Clients of both eras go on with initialize.
void ClientCall::refuse_method() {
  end(mux::make_failure(mux::Outcome::kNotServed, id_, mcp::code::kMethodNotFound,
                        mcp::kNoDiscover));
}

void ClientCall::fail(std::string_view why) {
  end(mux::make_failure(mux::Outcome::kUnavailable, id_, mcp::code::kBusy, why, {}, kRetryRefused));
}

void ClientCall::end(mux::Answer answer) {
  if (!std::exchange(open_, false)) return;
  unlink();
  set_in_look_up(false);
  if (caller_->restricted()) filter(*caller_, id_, method_, answer);
  if (calls_ != nullptr) record_answer(answer);
  answer = disclosed(std::move(answer), *caller_, id_);
  sender_.on_call_end(*this, answer);
  std::exchange(deliver_, nullptr)(std::move(answer));
}

// Records the whole answer, before the details that the caller may not see are removed.
void ClientCall::record_answer(mux::Answer& answer) {
  std::string_view outcome = mux::outcome_name(answer.outcome);
  std::string error = answer.message;
  if (answer.outcome == mux::Outcome::kError && error.empty()) {
    jsonrpc::pad(answer.text);
    error = mux::error_message(answer);
  }
  if (answer.tool_error && method_ == mcp::method::kToolsCall) outcome = "tool_error";
  record_end(outcome, answer.text.size(), error, answer.at_child);
}

void ClientCall::record_end(std::string_view outcome, std::size_t answer_bytes,
                            std::string_view error, Clock::duration at_child) {
  if (calls_ == nullptr) return;
  const observe::CallRecord record{.began = began_,
                                   .caller = *caller_,
                                   .source = *source_,
                                   .method = method_,
                                   .subject = subject_,
                                   .outcome = outcome,
                                   .took = calls_->now() - started_,
                                   .request_bytes = request_bytes_,
                                   .answer_bytes = answer_bytes,
                                   .error = error,
                                   .at_child = at_child,
                                   .trace_id = trace_.trace_id()};
  for (std::size_t i = 0; i < kept_.size(); ++i)
    calls_->sinks()[i]->on_call_end(record, std::move(kept_[i]));
}

mux::Answer disclosed(mux::Answer answer, const auth::Principal& caller,
                      std::string_view client_id) {
  if (answer.death == nullptr) return answer;
  // A caller that gets here without a key does not need one.
  const auth::Disclosure told = auth::disclosure(caller, caller.has_key);
  mux::Answer cut =
      mux::make_failure(answer.outcome, client_id, mcp::code::kConnectionClosed,
                        answer.death->message(told), answer.death->data(told), answer.retry_after);
  cut.at_child = answer.at_child;
  cut.death = std::move(answer.death);
  return cut;
}

}  // namespace sidecar::session
