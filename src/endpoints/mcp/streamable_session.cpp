#include "endpoints/mcp/streamable_session.hpp"

#include <utility>

#include "endpoints/mcp/mcp_requests.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::endpoints {
StreamableSession::StreamableSession(std::string id, std::shared_ptr<const auth::Principal> caller,
                                     mux::Instances& instances, const StreamableParts& parts)
    : Session(kTransport, std::move(id), std::move(caller), instances, parts.timers),
      parts_(parts),
      listening_(parts.ids.process(), 0, &parts.rings, this->caller().share_owner(), parts.timers) {
}

StreamableSession::~StreamableSession() {
  if (!revivable_) parts_.ids.note_end(id(), ended_by_client_);
  leave();
}

PostResponse& StreamableSession::add(http::Exchange exchange, PostResponse::Kind kind,
                                     Accepted accepted, std::string id) {
  const std::uint64_t number = next_stream_++;
  auto post = std::make_unique<PostResponse>(std::move(exchange), kind, accepted, number,
                                             std::move(id), this, parts_);
  return *posts_.emplace(number, std::move(post)).first->second;
}

void StreamableSession::initialize(http::Exchange exchange, session::PostBody body,
                                   Accepted accepted, const std::function<void(bool)>& done) {
  const std::uint64_t number = next_stream_;
  PostResponse& post =
      add(std::move(exchange), PostResponse::Kind::kInitialize, accepted, body.id());
  post.start();
  static_cast<void>(
      session::receive(*this, std::move(body), [this, number, done](mux::Answer result) {
        const bool made = result.outcome == mux::Outcome::kResult && !posts_.at(number)->gone();
        done(made);
        answer(number, std::move(result));
      }));
}

void StreamableSession::post(http::Exchange exchange, session::PostBody body, Accepted accepted) {
  if (!body.wants_answer()) {
    static_cast<void>(session::receive(*this, std::move(body), nullptr));
    // MCP 2025-11-25, Transports: 202 with no body.
    return exchange.reply(http::Response{.status = 202});
  }
  const std::uint64_t number = next_stream_;
  const std::string id = body.id();
  PostResponse& post = add(std::move(exchange), PostResponse::Kind::kCall, accepted, id);
  post.start();
  // If the client accepts no stream, messages of the call go to the session.
  mux::Reply::Notify notify;
  if (accepted.stream)
    notify = [this, number](std::string text) { message(number, std::move(text)); };
  const auto received = session::receive(
      *this, std::move(body),
      [this, number](mux::Answer result) { answer(number, std::move(result)); }, std::move(notify));
  if (received) return;
  post.refuse(json_rpc_error(400, id, mcp::code::kInvalidRequest, received.error().message));
  posts_.erase(number);
}

void StreamableSession::answer(std::uint64_t number, mux::Answer answer) {
  auto node = posts_.extract(number);
  PostResponse& post = *node.mapped();
  count_sent(answer.text.size());
  post.answer(std::move(answer));
  auto channel = post.take_channel();
  if (!channel) return;
  finished_.push_back(std::move(channel));
  if (finished_.size() > kFinishedStreams) finished_.pop_front();
}

void StreamableSession::message(std::uint64_t number, std::string text) {
  PostResponse& post = *posts_.at(number);
  const bool own_stream = !post.gone() && (post.channel() == nullptr || post.channel()->open() ||
                                           post.channel()->resumable());
  if (own_stream) {
    count_sent(text.size());
    post.message(std::move(text));
  } else {
    on_message(std::move(text));
  }
}

EventChannel* StreamableSession::stream(std::uint64_t number) {
  if (number == listening_.stream()) return &listening_;
  if (const auto post = posts_.find(number); post != posts_.end()) return post->second->channel();
  for (const auto& channel : finished_) {
    if (channel->stream() == number) return channel.get();
  }
  return nullptr;
}

PostResponse* StreamableSession::streaming_post() const {
  for (auto post = posts_.rbegin(); post != posts_.rend(); ++post) {
    if (post->second->channel() != nullptr && post->second->channel()->open())
      return post->second.get();
  }
  return nullptr;
}

void StreamableSession::on_message(std::string text) {
  count_sent(text.size());
  if (!listening_.open()) {
    if (PostResponse* post = streaming_post()) {
      post->message(std::move(text));
      return;
    }
  }
  listening_.send(std::move(text));  // kept for the next GET
}

bool StreamableSession::listens() const {
  return listening_.open() || streaming_post() != nullptr ||
         parts_.timers.now() - listening_.last_open() < kReturnTime;
}

Clock::time_point StreamableSession::last_connected() const { return listening_.last_open(); }

bool StreamableSession::expendable() const {
  return !listening_.open() && posts_.empty() && calls() == 0;
}

}  // namespace sidecar::endpoints
