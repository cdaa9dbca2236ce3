// Connection: head check, answers and event streams. connection.cpp has input, output and time.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <iterator>
#include <utility>

#include "http/connection.hpp"
#include "http/content_coding.hpp"
#include "http/response_head.hpp"

namespace sidecar::http {
namespace {

Response overloaded(std::string_view why) {
  Response response = error_response(503, why);
  response.fields.push_back({"Retry-After", "5"});
  return response;
}

constexpr std::string_view kBodyTooLarge = "the request's body is too large";
constexpr std::string_view kUnknownCoding = "no content coding of a body but gzip is supported";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The label in mcp_sidecar_refused_total of a request that is turned away before any handler.
std::string_view refusal_reason(int status) {
  switch (status) {
    case 408:
      return "receive_timeout";
    case 413:
    case 414:
    case 431:
      return "too_large";
    default:
      return "bad_request";
  }
}

}  // namespace

// The backend of a handler's Exchange. Once the connection has closed, answers are discarded.
class Connection::Answer : public Exchange::Backend {
 public:
  Answer(boost::asio::io_context& loop, std::weak_ptr<Connection> connection)
      : loop_(loop), connection_(std::move(connection)) {}

  void reply(Response response) override {
    if (const auto connection = connection_.lock()) connection->reply(std::move(response));
  }
  void drop() override {
    if (const auto connection = connection_.lock()) connection->drop_request();
  }
  std::unique_ptr<SseStream> open_sse(Fields fields, SseOptions options) override {
    const auto connection = connection_.lock();
    if (connection && connection->state_ == State::kAwaiting)
      return connection->open_sse(fields, options);
    return std::make_unique<EventStream>(loop_, std::weak_ptr<EventSink>(), options, false);
  }
  void set_reply_fields(Fields fields) override {
    const auto connection = connection_.lock();
    if (!connection || connection->state_ != State::kAwaiting) return;
    Fields& own = connection->pending_request_->reply_fields.own;
    std::erase_if(own, [&fields](const Field& old) {
      return std::any_of(fields.begin(), fields.end(),
                         [&old](const Field& field) { return field.name == old.name; });
    });
    std::move(fields.begin(), fields.end(), std::back_inserter(own));
  }
  void on_abandoned(std::function<void()> action) override {
    const auto connection = connection_.lock();
    if (connection && connection->state_ == State::kAwaiting) {
      connection->pending_request_->on_abandoned = std::move(action);
    } else {
      boost::asio::post(loop_, std::move(action));
    }
  }

 private:
  boost::asio::io_context& loop_;
  std::weak_ptr<Connection> connection_;
};

void Connection::on_head(std::string_view& input) {
  PendingRequest& pending = *pending_request_;
  RequestReader& reader = pending.reader;
  Request& request = reader.request();
  request.peer_address = peer_address_;
  pending.version = request.version;
  pending.head_only = request.method == "HEAD";
  pending.keep_alive = reader.keep_alive();

  pending.route = context_.engine.match(request);
  request.rules = pending.route.rules();
  request.method_not_allowed = pending.route.resource && !pending.route.endpoint;

  Verdict verdict;
  try {
    if (context_.head_check) verdict = context_.head_check(request);
  } catch (const std::exception& error) {
    verdict.answer = internal_error(context_.log, "head check", error.what());
  }
  pending.reply_fields = std::move(verdict.reply_fields);
  request.caller = std::move(verdict.caller);
  if (const Endpoint* endpoint = pending.route.nearest(); endpoint && endpoint->route.fields) {
    Fields& own = pending.reply_fields.own;
    own.insert(own.end(), endpoint->route.fields->begin(), endpoint->route.fields->end());
  }

  if (verdict.answer) return turn_away(std::move(*verdict.answer), input);
  // Everybody may ask for a path without a route, so its body is not kept.
  if (!pending.route.resource && request.method != "OPTIONS")
    return turn_away(no_endpoint_here(), input);
  const BodyCoding coding = reader.has_body() ? body_coding(request) : BodyCoding::kIdentity;
  pending.gzipped = coding == BodyCoding::kGzip;
  if (coding == BodyCoding::kUnsupported) {
    context_.turned_away(refusal_reason(415), peer_address_, buffer_.key(), kUnknownCoding);
    Response response = error_response(415, kUnknownCoding);
    response.fields.push_back({"Accept-Encoding", "gzip, identity"});
    return turn_away(std::move(response), input);
  }
  if (reader.body_too_large()) {
    context_.turned_away(refusal_reason(413), peer_address_, buffer_.key(), kBodyTooLarge);
    return turn_away(error_response(413, kBodyTooLarge), input);
  }
  if (const Endpoint* endpoint = pending.route.endpoint; !endpoint || !endpoint->route.reads_body)
    reader.discard_body();
  if (!take_place(verdict.known, input)) return;
  if (reader.expects_continue() && input.empty()) enqueue({"HTTP/1.1 100 Continue\r\n\r\n"});
}

bool Connection::take_place(bool known, std::string_view& input) {
  const auth::Principal* const caller = pending_request_->reader.request().caller.get();
  const std::string& owner = caller != nullptr ? caller->share_owner() : peer_address_;
  const bool has_key = caller != nullptr && caller->has_key;
  if (known) {
    if (const auto refusal = context_.table.admit(*this, owner, has_key)) {
      context_.turned_away(refusal->reason, peer_address_, has_key ? owner : std::string_view(),
                           refusal->why);
      turn_away(overloaded(refusal->why), input);
      return false;
    }
    resting_ = false;
  }
  buffer_.set_owner(owner, has_key);
  if (context_.budget.takes(buffer_, pending_request_->reader.declared_length())) return true;
  turn_away(overloaded(buffer_.refused(peer_address_)), input);
  return false;
}

// Answers before the body is read. The connection stays open only if the whole body has arrived
// already, because a client that was turned away may never send the rest.
void Connection::turn_away(Response response, std::string_view& input) {
  state_ = State::kAwaiting;
  pending_request_->endpoint = &context_.engine.counters(pending_request_->route);
  pending_request_->reader.discard_body();
  const bool whole = pending_request_->reader.read(input) == RequestReader::Progress::kDone;
  write_answer(std::move(response), pending_request_->keep_alive && whole);
}

// The reader refused the request, possibly within the body: no further request can be read.
void Connection::refuse(int status, std::string_view why) {
  context_.turned_away(refusal_reason(status), peer_address_, buffer_.key(), why);
  state_ = State::kAwaiting;
  write_answer(error_response(status, why), false);
}

bool Connection::decode_body() {
  std::string& body = pending_request_->reader.request().body;
  if (pending_request_->gzipped && !body.empty()) {
    const std::size_t most = context_.limits.body_bytes;
    const std::size_t claimed = claimed_size(body);
    const auto too_many = [this](std::size_t bytes) {
      if (takes(bytes)) return false;
      write_answer(overloaded(buffer_.refused(peer_address_)), pending_request_->keep_alive);
      return true;
    };
    if (claimed <= most && too_many(claimed)) return false;
    auto text = inflated(body, most);
    if (!text) {
      const bool large = text.error() == GzipFault::kTooLarge;
      refuse_body(large ? 413 : 400,
                  large ? kBodyTooLarge : "the request's body is not valid gzip");
      return false;
    }
    if (text->size() > claimed && too_many(text->size())) return false;
    body = std::move(*text);
  }
  if (body.starts_with(kByteOrderMark)) body.erase(0, kByteOrderMark.size());
  return true;
}

void Connection::refuse_body(int status, std::string_view why) {
  context_.turned_away(refusal_reason(status), peer_address_, buffer_.key(), why);
  write_answer(error_response(status, why), pending_request_->keep_alive);
}

void Connection::on_request() {
  PendingRequest& pending = *pending_request_;
  state_ = State::kAwaiting;
  pending.endpoint = &context_.engine.counters(pending.route);
  if (!decode_body()) return;
  EngineCall call{
      .request = std::move(pending.reader.request()),
      .route = std::move(pending.route),
      .backend = std::make_unique<Answer>(context_.loop, weak_from_this()),
      .reply_fields = pending.reply_fields,
      .connection = connection_value(pending.version, pending.keep_alive && !context_.stopping)};
  call_ = &call;
  context_.engine.serve(call);
  call_ = nullptr;
  if (state_ != State::kAwaiting) {  // a stream was opened, or the server aborted
    pending_request_.reset();
    return;
  }
  pending.route = std::move(call.route);  // holds the endpoint
  pending.endpoint = call.endpoint;
  if (!call.rendered.empty()) {
    call.endpoint->count(call.status);
    enqueue({std::move(call.rendered)});
    finish_answer(pending.keep_alive);
  } else if (call.answer) {
    write_answer(std::move(*call.answer), pending.keep_alive);
  }
}

EndpointCounters& Connection::endpoint() {
  if (call_ && call_->endpoint) return *call_->endpoint;
  return pending_request_ && pending_request_->endpoint ? *pending_request_->endpoint
                                                        : context_.engine.no_endpoint();
}

void Connection::reply(Response response) {
  if (state_ != State::kAwaiting) return;
  if (call_) {
    call_->answer = std::move(response);
    return;
  }
  write_answer(std::move(response), pending_request_->keep_alive);
  work_soon();
}

void Connection::drop_request() {
  if (state_ != State::kAwaiting) return;
  if (call_) {
    call_->dropped = true;
  } else {
    reply(internal_error(context_.log, endpoint().name(), "dropped without an answer"));
  }
}

void Connection::write_answer(Response response, bool keep_alive) {
  if (!takes(response.body.size()))
    return write_answer(overloaded(buffer_.refused(peer_address_)), keep_alive);
  keep_alive = keep_alive && !context_.stopping;
  const bool bodiless = !has_body(response.status);
  const AnswerHead head{
      .status = response.status,
      .content_type = response.body_size() == 0 ? std::string_view() : response.content_type,
      .framing = bodiless ? Framing::kNoBody : Framing::kLength,
      .length = response.body_size(),
      .connection = connection_value(pending_request_->version, keep_alive)};
  Piece piece{.head = context_.heads.render(head, response.fields, pending_request_->reply_fields)};
  if (!bodiless && !pending_request_->head_only) {
    piece.tail = response.lasting_body;
    if (piece.tail.empty()) piece.body = std::move(response.body);
  }
  endpoint().count(response.status);
  enqueue(std::move(piece));
  finish_answer(keep_alive);
}

void Connection::finish_answer(bool keep_alive) {
  if (!call_) pending_request_.reset();  // else on_request() does
  state_ = keep_alive && !context_.stopping ? State::kIdle : State::kFinishing;
  since_ = context_.timers.now();
  watchdog_.set(Watchdog::kNever);  // settle() sets the new state's deadline
}

std::unique_ptr<SseStream> Connection::open_sse(const Fields& fields, const SseOptions& options) {
  const bool lives = !pending_request_->head_only;
  const bool chunked = pending_request_->version >= 11;
  const bool keep_alive = pending_request_->keep_alive && !context_.stopping && chunked;
  Fields all = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  all.insert(all.end(), fields.begin(), fields.end());
  const AnswerHead head{.status = 200,
                        .content_type = "text/event-stream",
                        .framing = !lives    ? Framing::kNoBody
                                   : chunked ? Framing::kChunked
                                             : Framing::kUntilClose,
                        // As the predecessor sends it, whether or not a request may follow.
                        .connection = chunked ? "keep-alive" : "close"};
  std::string text = context_.heads.render(head, all, pending_request_->reply_fields);
  if (lives) text += stream_text(options.first_bytes, chunked);
  endpoint().count(200);
  enqueue({.head = std::move(text), .lead = true});

  auto stream = std::make_unique<EventStream>(
      context_.loop, lives ? weak_from_this() : std::weak_ptr<Connection>(), options, chunked);
  finish_answer(keep_alive);
  if (lives) {
    state_ = State::kStreaming;
    stream_ = stream.get();
    stream_keeps_alive_ = keep_alive;
    context_.metrics.sse_streams.Increment();
  }
  work_soon();
  return stream;
}

void Connection::push_event(Piece piece) {
  if (state_ != State::kStreaming || cut_) return;
  // The queue limit never applies to the message being sent, only to those behind it.
  const auto too_slow = [&] {
    const bool first = out_.empty() || out_.only_lead();
    return !first && out_.bytes_behind_first() + piece.size() > stream_->limits().queue_limit;
  };
  // Write the output of this turn first; only then is the reader known to be slow.
  if (too_slow() || !takes(piece.size())) flush(out_.bytes());
  if (!cut_ && too_slow()) {
    context_.metrics.slow_readers.Increment();
    cut_ = SseClosed::kSlowReader;
  } else if (!cut_ && !takes(piece.size())) {
    over_budget();
  }
  if (!cut_) enqueue(std::move(piece));
  work_soon();
}

bool Connection::takes(std::size_t bytes) {
  if (bytes <= kUncheckedOutput) return true;
  const std::size_t held = held_bytes();
  return buffer_.hold(held) && buffer_.hold(held + bytes);
}

void Connection::over_budget() {
  const std::string why = buffer_.refused(peer_address_);
  if (state_ == State::kReading) {
    state_ = State::kAwaiting;
    return write_answer(overloaded(why), false);
  }
  if (stream_) context_.metrics.slow_readers.Increment();
  cut_ = stream_ ? SseClosed::kSlowReader : SseClosed::kClientGone;
}

void Connection::end_stream() {
  if (state_ != State::kStreaming) return;
  const bool chunked = stream_->chunked();
  leave_stream();
  if (chunked) enqueue({std::string(kLastChunk)});
  finish_answer(stream_keeps_alive_);
  work_soon();
}

void Connection::leave_stream() {
  if (std::exchange(stream_, nullptr)) context_.metrics.sse_streams.Decrement();
}

}  // namespace sidecar::http
