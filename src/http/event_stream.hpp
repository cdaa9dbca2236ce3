// EventStream: the SseStream of a connection. Frames events (as chunks for HTTP/1.1) and keeps the
// on_closed callback; its connection, behind EventSink, has the queue, the limits and the timing.
// Owned by the code that opened it; the connection has a plain pointer until either side ends it.
// Loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "http/output_queue.hpp"
#include "http/sse_stream.hpp"

namespace sidecar::http {

// Implemented by the connection.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void push_event(Piece piece) = 0;
  // The owner has destroyed the stream.
  virtual void end_stream() = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual std::uint64_t sent_bytes() const = 0;
};

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// One event; large `data` is moved, not copied.
Piece event_piece(std::string_view event, std::string data, std::string_view id, bool chunked);
// Bytes without event framing (comments, first bytes). Empty text stays empty, because an empty
// chunk would end the stream.
std::string stream_text(std::string_view text, bool chunked);

class EventStream : public SseStream {
 public:
  // Without a sink the stream has already ended, as kClientGone.
  EventStream(boost::asio::io_context& loop, std::weak_ptr<EventSink> sink, const SseLimits& limits,
              bool chunked);
  ~EventStream() override;

  void send(std::string_view event, std::string data, std::string_view id) override;
  std::size_t queued_bytes() const override;
  std::uint64_t sent_bytes() const override;
  void on_closed(std::function<void(SseClosed)> action) override;

  // Called by the connection: the stream has ended. The callback may destroy the stream.
  void closed(SseClosed reason);

  const SseLimits& limits() const { return limits_; }
  bool chunked() const { return chunked_; }

 private:
  boost::asio::io_context& loop_;
  std::weak_ptr<EventSink> sink_;
  std::function<void(SseClosed)> on_closed_;
  std::shared_ptr<EventStream*> self_;  // for a posted callback; the destructor sets it to nullptr
  const SseLimits limits_;
  std::uint64_t sent_before_ = 0;  // bytes that the connection had sent before this stream
  std::optional<SseClosed> closed_;
  bool chunked_;
};

}  // namespace sidecar::http
