#include "session/observed_call.hpp"

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <chrono>

#include "mcp/protocol.hpp"
#include "session/disclosed.hpp"
#include "session/with_trace_context.hpp"

namespace sidecar::session {
namespace {

// Bytes of the token. Longer tokens are cut and not decoded.
constexpr std::size_t kMaxSubject = 8192;
constexpr std::chrono::seconds kRetryRefused{5};

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

// A call that has begun and not ended. If it is destroyed unanswered, its session has ended; the
// call is recorded as cancelled.
class OpenCall {
 public:
  OpenCall(const observe::Calls& calls, std::shared_ptr<const observe::CallSource> source,
           std::shared_ptr<const observe::Caller> caller, const jsonrpc::Message& request)
      : calls_(calls),
        source_(std::move(source)),
        caller_(std::move(caller)),
        id_(request.id()),
        method_(request.method()),
        subject_(subject_of(request)),
        request_bytes_(request.text.size()),
        began_(std::chrono::system_clock::now()),
        started_(calls.now()) {}
  ~OpenCall() {
    if (open_)
      tell(mux::outcome_name(mux::Outcome::kCancelled), 0, "the session ended before the answer");
  }
  OpenCall(const OpenCall&) = delete;
  OpenCall& operator=(const OpenCall&) = delete;

  // Errors: the text of the sink that refuses the call.
  Result<void> begin(observe::CallArguments arguments) {
    for (observe::CallSink* sink : calls_.sinks()) {
      auto kept = sink->on_call_begin(*caller_, arguments);
      if (!kept) return tl::unexpected(kept.error());
      kept_.push_back(*std::move(kept));
    }
    return {};
  }

  // Records the whole answer, then reduces it to the details that the caller may see.
  void end(mux::Answer& answer) {
    std::string_view outcome = mux::outcome_name(answer.outcome);
    std::string error = answer.message;
    if (answer.outcome == mux::Outcome::kError && error.empty()) {
      jsonrpc::pad(answer.text);
      error = mux::error_message(answer);
    }
    if (answer.tool_error && method_ == mcp::method::kToolsCall) outcome = "tool_error";
    tell(outcome, answer.text.size(), error, answer.at_child);
    disclose(*caller_, id_, answer);
  }

 private:
  void tell(std::string_view outcome, std::size_t answer_bytes, std::string_view error,
            Clock::duration at_child = {}) {
    open_ = false;
    const observe::CallRecord record{
        began_,         *caller_,     *source_, method_, subject_, outcome, calls_.now() - started_,
        request_bytes_, answer_bytes, error,    at_child};
    for (std::size_t i = 0; i < kept_.size(); ++i)
      calls_.sinks()[i]->on_call_end(record, std::move(kept_[i]));
  }

  const observe::Calls& calls_;
  const std::shared_ptr<const observe::CallSource> source_;
  const std::shared_ptr<const observe::Caller> caller_;
  const std::string id_;
  const std::string method_;
  const std::string subject_;
  const std::size_t request_bytes_;
  const std::chrono::system_clock::time_point began_;
  const Clock::time_point started_;
  boost::container::small_vector<std::string, 3> kept_;  // of the sinks that took the call
  bool open_ = true;
};

}  // namespace

void send_observed(const observe::Calls* calls,
                   const std::shared_ptr<const observe::CallSource>& source,
                   const std::shared_ptr<const observe::Caller>& caller, jsonrpc::Message request,
                   mux::Reply::Deliver deliver, mux::Reply::Notify notify, const Send& send) {
  request = with_trace_context(std::move(request), caller->trace);
  const bool observed =
      calls != nullptr && !calls->sinks().empty() && request.method() != mcp::method::kPing;
  if (!observed) {
    auto told = [caller, id = std::string(request.id()),
                 deliver = std::move(deliver)](mux::Answer answer) {
      disclose(*caller, id, answer);
      deliver(std::move(answer));
    };
    return send_permitted(caller, std::move(request), std::move(told), std::move(notify), send);
  }
  // Shared because std::function must be copyable.
  auto call = std::make_shared<OpenCall>(*calls, source, caller, request);
  const auto& sinks = calls->sinks();
  const bool wanted = std::any_of(sinks.begin(), sinks.end(),
                                  [](const auto* sink) { return sink->wants_arguments(); });
  const auto begun = call->begin(wanted ? arguments_of(request) : observe::CallArguments());
  auto told = [call, deliver = std::move(deliver)](mux::Answer answer) {
    call->end(answer);
    deliver(std::move(answer));
  };
  if (!begun) {
    return told(mux::make_failure(mux::Outcome::kUnavailable, request.id(), mcp::code::kBusy,
                                  begun.error().message, {}, kRetryRefused));
  }
  call.reset();  // this stack frame must not keep the call alive beyond its session
  send_permitted(caller, std::move(request), std::move(told), std::move(notify), send);
}

}  // namespace sidecar::session
