#include "http/connection.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <utility>

namespace sidecar::http {
namespace {
using ErrorCode = boost::system::error_code;
namespace asio = boost::asio;
}  // namespace

Connection::Connection(ServerContext& context, Socket socket, std::string peer_address)
    : context_(context),
      socket_(std::move(socket)),
      peer_address_(std::move(peer_address)),
      watchdog_(context.timers, [this] { on_deadline(); }),
      since_(context.timers.now()),
      progress_(since_),
      buffer_(context.budget, [this] {
        over_budget_ = true;
        work_soon();
      }) {}

Connection::~Connection() = default;

void Connection::start() { settle(); }

bool Connection::busy() const {
  switch (state_) {
    case State::kIdle:
      return !out_.empty() || !pending_.empty();
    case State::kReading:
    case State::kAwaiting:
    case State::kFinishing:
      return true;
    case State::kStreaming:
    case State::kLingering:
    case State::kClosed:
      break;
  }
  return false;
}

void Connection::arm_read() {
  const bool discards = state_ == State::kFinishing || state_ == State::kLingering;
  if (read_armed_ || input_ended_ || (!discards && pending_.size() >= kPipelinedInput)) return;
  read_armed_ = true;
  socket_.async_wait(Socket::wait_read,
                     [self = shared_from_this()](ErrorCode) { self->on_readable(); });
}

void Connection::on_readable() {
  read_armed_ = false;
  if (state_ == State::kClosed) return;
  ErrorCode error;
  const std::size_t size = socket_.read_some(asio::buffer(context_.scratch), error);
  if (!error) {
    context_.metrics.received_bytes.Increment(static_cast<double>(size));
    on_input({context_.scratch.data(), size});
  } else if (error == asio::error::eof) {
    on_input_end();
  } else if (error != asio::error::would_block) {
    cut_ = SseClosed::kClientGone;
  }
  // An answer such as 202 is written at the end of the turn, so that the request's message to the
  // child is not delayed by it.
  if (out_.empty() || cut_)
    settle();
  else
    work_soon();
}

void Connection::on_input(std::string_view input) {
  switch (state_) {
    case State::kIdle:
    case State::kReading:
      if (pending_.empty()) return read_requests(input);
      [[fallthrough]];  // keep the order of the input
    case State::kAwaiting:
    case State::kStreaming:
      pending_.append(input);
      return;
    case State::kFinishing:
    case State::kLingering:
      lingered_ += input.size();
      if (lingered_ > kLingerBytes) cut_ = SseClosed::kClientGone;
      return;
    case State::kClosed:
      return;
  }
}

void Connection::on_input_end() {
  input_ended_ = true;
  switch (state_) {
    case State::kAwaiting:
    case State::kStreaming:
    case State::kLingering:
      cut_ = SseClosed::kClientGone;
      return;
    case State::kReading:
      pending_request_.reset();
      state_ = State::kFinishing;
      return;
    case State::kIdle:       // settle() serves the pending input, then finishes
    case State::kFinishing:  // the last answer is still written: the client may be reading
    case State::kClosed:
      return;
  }
}

bool Connection::takes_requests() const {
  return (state_ == State::kIdle || state_ == State::kReading) &&
         out_.bytes() <= kPipelinedOutput && !cut_;
}

void Connection::read_requests(std::string_view input) {
  while (takes_requests()) {
    if (!pending_request_) {
      while (input.starts_with("\r\n")) input.remove_prefix(2);  // RFC 9112, section 2.2
      if (input.empty()) break;
      pending_request_ = std::make_unique<PendingRequest>(context_.limits);
      state_ = State::kReading;
      since_ = context_.timers.now();
    }
    switch (pending_request_->reader.read(input)) {
      case RequestReader::Progress::kMore:
        return;
      case RequestReader::Progress::kHead:
        on_head(input);
        break;
      case RequestReader::Progress::kDone:
        on_request();
        break;
      case RequestReader::Progress::kRefused: {
        const auto refusal = pending_request_->reader.refusal();
        refuse(refusal.status, refusal.why);
        break;
      }
    }
  }
  const bool wanted =
      state_ != State::kFinishing && state_ != State::kLingering && state_ != State::kClosed;
  pending_.assign(wanted ? input : std::string_view());
}

void Connection::enqueue(Piece piece) {
  if (out_.empty()) progress_ = context_.timers.now();
  out_.push(std::move(piece));
}

// Writes at most `most` bytes; the rest follows in the next turns, so that a large answer does not
// delay small answers of other connections.
void Connection::flush(std::size_t most) {
  OutputQueue::Buffers room;
  while (!out_.empty() && !write_armed_ && !cut_) {
    if (most == 0) return work_soon();
    ErrorCode error;
    const std::size_t size = socket_.write_some(out_.gather(room, most), error);
    if (error == asio::error::would_block) return arm_write();
    if (error) {
      cut_ = SseClosed::kClientGone;
      return;
    }
    out_.consume(size);
    most -= size;
    sent_ += size;
    context_.metrics.sent_bytes.Increment(static_cast<double>(size));
    progress_ = context_.timers.now();
  }
}

void Connection::arm_write() {
  write_armed_ = true;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](ErrorCode) {
    self->write_armed_ = false;
    if (self->state_ != State::kClosed) self->settle();
  });
}

void Connection::work_soon() {
  if (std::exchange(work_queued_, true)) return;
  context_.work_soon(shared_from_this());
}

void Connection::work() {
  work_queued_ = false;
  if (state_ != State::kClosed) settle();
}

// Runs at the end of every event: writes output, starts pipelined requests, closes or re-arms.
// Bounded stack: this loop serves pipelined requests, and a late answer posts it (work_soon()).
void Connection::settle() {
  if (std::exchange(over_budget_, false) && held_bytes() > 0) over_budget();
  flush();
  while (!pending_.empty() && takes_requests()) {
    const std::string input = std::exchange(pending_, {});
    read_requests(input);
    flush();
  }
  if (state_ == State::kClosed) return;
  if (input_ended_ && state_ == State::kIdle && pending_.empty()) state_ = State::kFinishing;
  if (input_ended_ && state_ == State::kReading && pending_.empty()) on_input_end();
  if (cut_) return close(*cut_);
  if (state_ == State::kFinishing && out_.empty()) {
    linger();
    if (state_ == State::kClosed) return;
  }
  if (const std::size_t held = held_bytes(); held != buffer_.held()) {
    if (!buffer_.has_owner()) buffer_.set_owner(peer_address_, false);
    if (!buffer_.hold(held)) {
      over_budget();
      return settle();
    }
  }
  if (!resting_ && out_.empty() && (state_ == State::kIdle || state_ == State::kLingering)) {
    resting_ = true;
    context_.table.rest(*this);
  }
  arm_read();
  set_deadline();
}

std::size_t Connection::held_bytes() const {
  return pending_.size() + out_.held_bytes() +
         (pending_request_ ? pending_request_->reader.held_bytes() : 0);
}

void Connection::make_room(std::string_view reason) {
  context_.turned_away(reason, peer_address_, buffer_.key(),
                       "closed to make room for another connection");
  cut_ = SseClosed::kNoRoom;
  work_soon();
}

// Closing with unread input sends a reset, which can destroy the answer before the client reads it.
void Connection::linger() {
  ErrorCode error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (error || input_ended_ || context_.closing) return close(SseClosed::kServerShutdown);
  state_ = State::kLingering;
  since_ = context_.timers.now();
}

void Connection::set_deadline() {
  const Limits& limits = context_.limits;
  Clock::time_point due = Watchdog::kNever;
  switch (state_) {
    case State::kIdle:
      if (out_.empty()) due = since_ + limits.idle_time;
      break;
    case State::kReading:
      due = since_ + limits.receive_time;
      break;
    case State::kLingering:
      due = since_ + kLingerTime;
      break;
    case State::kStreaming:
      if (out_.empty() && stream_->limits().keep_alive.count() > 0)
        due = progress_ + stream_->limits().keep_alive;
      break;
    case State::kAwaiting:  // the handler has its own deadline
    case State::kFinishing:
    case State::kClosed:
      break;
  }
  if (!out_.empty())
    due = std::min(due, progress_ + (stream_ ? stream_->limits().stall_limit : limits.write_stall));
  watchdog_.set(due);
}

void Connection::on_deadline() {
  const auto self = shared_from_this();
  const Clock::time_point now = context_.timers.now();
  const auto stall = stream_ ? stream_->limits().stall_limit : context_.limits.write_stall;
  if (!out_.empty() && now >= progress_ + stall) {
    cut_ = stream_ ? SseClosed::kSlowReader : SseClosed::kClientGone;
    if (stream_) context_.metrics.slow_readers.Increment();
  } else if (state_ == State::kReading) {
    refuse(408, "the request did not arrive in time");
  } else if (state_ == State::kStreaming) {
    enqueue({.head = stream_text(": keep-alive\n\n", stream_->chunked()), .lead = true});
  } else {
    cut_ = SseClosed::kClientGone;
  }
  settle();
}

void Connection::retire() {
  if (state_ == State::kIdle && !busy()) close(SseClosed::kServerShutdown);
}

void Connection::shut_down() {
  const auto self = shared_from_this();
  switch (state_) {
    case State::kStreaming: {
      EventStream* const stream = stream_;
      end_stream();
      stream->closed(SseClosed::kServerShutdown);
      break;
    }
    case State::kIdle:
    case State::kReading:
      pending_request_.reset();
      pending_.clear();
      state_ = State::kFinishing;
      break;
    case State::kLingering:
      return close(SseClosed::kServerShutdown);
    case State::kAwaiting:
    case State::kFinishing:
      break;
    case State::kClosed:
      return;
  }
  work_soon();
}

void Connection::abort() { close(SseClosed::kServerShutdown); }

void Connection::abandon_silently() {
  if (pending_request_) pending_request_->on_abandoned = nullptr;
  leave_stream();
  release();
}

void Connection::release() {
  state_ = State::kClosed;
  ErrorCode ignored;
  socket_.close(ignored);
  watchdog_.cancel();
  out_.clear();
  std::string().swap(pending_);
  buffer_.release();
}

void Connection::close(SseClosed reason) {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();
  EventStream* const stream = stream_;
  std::function<void()> abandoned;
  if (state_ == State::kAwaiting && pending_request_)
    abandoned = std::move(pending_request_->on_abandoned);
  leave_stream();
  release();
  if (!call_) pending_request_.reset();
  context_.forget(*this);
  if (stream) stream->closed(reason);
  if (abandoned) abandoned();
}

}  // namespace sidecar::http
