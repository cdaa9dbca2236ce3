// EventStream: the SseStream of a connection. Frames events (as chunks for HTTP/1.1) and keeps the
// holder's callback; queue, limits and time are its connection's business, behind EventSink. Owned
// by whoever the handler gave it to; the connection knows it by a plain pointer until one of them
// ends it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "http/output_queue.hpp"
#include "http/sse_stream.hpp"

namespace sidecar::http {

class EventStream;

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void push_event(Piece piece) = 0;
  // The holder destroyed the stream.
  virtual void end_stream() = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual std::uint64_t sent_bytes() const = 0;
};

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// One event; `data` is moved through when it is large.
Piece event_piece(std::string_view event, std::string data, std::string_view id, bool chunked);
// Bytes as they are (comments, first bytes). Empty stays empty: a chunk of no bytes would end the
// stream.
std::string stream_text(std::string_view text, bool chunked);

class EventStream : public SseStream {
 public:
  // Without a sink the stream has ended already, as kClientGone.
  EventStream(boost::asio::io_context& loop, std::weak_ptr<EventSink> sink, const SseLimits& limits,
              bool chunked);
  ~EventStream() override;

  void send(std::string_view event, std::string data, std::string_view id) override;
  std::size_t queued_bytes() const override;
  std::uint64_t sent_bytes() const override;
  void on_closed(std::function<void(SseClosed)> action) override;

  // From the connection: nothing can be sent any more. The callback may destroy the stream.
  void closed(SseClosed reason);

  const SseLimits& limits() const { return limits_; }
  bool chunked() const { return chunked_; }

 private:
  boost::asio::io_context& loop_;
  std::weak_ptr<EventSink> sink_;
  std::function<void(SseClosed)> on_closed_;
  std::shared_ptr<EventStream*> self_;  // of a call that is posted: emptied by the destructor
  const SseLimits limits_;
  std::uint64_t sent_before_ = 0;  // by the connection, before this stream
  std::optional<SseClosed> closed_;
  bool chunked_;
};

}  // namespace sidecar::http
