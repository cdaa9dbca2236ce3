#include "endpoints/mcp/post_response.hpp"

#include "endpoints/mcp/mcp_requests.hpp"
#include "endpoints/outcome_status.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::endpoints {

PostResponse::PostResponse(http::Exchange exchange, Kind kind, Accepted accepted,
                           std::uint64_t number, std::string id, const session::Session* session,
                           const StreamableParts& parts)
    : exchange_(std::move(exchange)),
      kind_(kind),
      accepted_(accepted),
      number_(number),
      id_(std::move(id)),
      session_(session),
      parts_(parts),
      self_(std::make_shared<PostResponse*>(this)) {}

PostResponse::~PostResponse() {
  *self_ = nullptr;
  if (exchange_ && session_ != nullptr)
    reply(json_rpc_error(404, id_, mcp::code::kSessionNotFound, "Session not found: it has ended"));
}

void PostResponse::start() {
  exchange_->on_abandoned([self = self_] {
    if (*self == nullptr || !(*self)->exchange_) return;
    (*self)->timer_.cancel();
    (*self)->exchange_.reset();
  });
  if (kind_ == Kind::kInitialize || !accepted_.stream) return;
  if (!accepted_.json || parts_.stream_after <= Clock::duration::zero()) return begin();
  timer_ = parts_.timers.after(parts_.stream_after, [this] { begin(); });
}

void PostResponse::begin(Fields fields) {
  timer_.cancel();
  const bool ids = session_ != nullptr && mcp::resumes_streams(session_->version());
  const std::string_view owner =
      session_ == nullptr ? std::string_view() : session_->caller().share_owner();
  channel_ = std::make_unique<EventChannel>(parts_.ids.process(), number_,
                                            ids ? &parts_.rings : nullptr, owner, parts_.timers);
  channel_->open(std::move(*exchange_), std::move(fields), parts_.stream, ids);
  exchange_.reset();
}

bool PostResponse::message(std::string text) {
  if (exchange_ && accepted_.stream && kind_ == Kind::kCall) begin();
  return channel_ && channel_->send(std::move(text));
}

void PostResponse::answer(mux::Answer answer) {
  timer_.cancel();
  const bool cancelled = answer.outcome == mux::Outcome::kCancelled;
  if (gone()) {
    if (!cancelled) parts_.metrics.dropped("answer_to_gone_client").Increment();
    return;
  }
  Fields fields;
  if (kind_ == Kind::kInitialize && answer.outcome == mux::Outcome::kResult)
    fields.push_back({"Mcp-Session-Id", session_->id()});
  if (exchange_ && !accepted_.json && !cancelled) begin(std::exchange(fields, {}));
  if (channel_) {
    if (!cancelled && !channel_->send(std::move(answer.text)))
      parts_.metrics.dropped("answer_to_gone_client").Increment();
    return channel_->finish();
  }
  http::Response response;
  response.status = status_of(answer.outcome).mcp;
  response.body = std::move(answer.text);
  response.fields = std::move(fields);
  if (answer.retry_after && response.status != 200)
    response.fields.push_back({"Retry-After", std::to_string(answer.retry_after->count())});
  reply(std::move(response));
}

void PostResponse::refuse(http::Response response) {
  timer_.cancel();
  if (exchange_) return reply(std::move(response));
  if (!channel_) return;
  channel_->send(std::move(response.body));
  channel_->finish();
}

std::unique_ptr<EventChannel> PostResponse::take_channel() {
  return channel_ && channel_->resumable() ? std::move(channel_) : nullptr;
}

void PostResponse::reply(http::Response response) {
  http::Exchange exchange = std::move(*exchange_);
  exchange_.reset();
  exchange.reply(std::move(response));
}

}  // namespace sidecar::endpoints
