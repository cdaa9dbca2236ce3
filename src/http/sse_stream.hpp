// SseStream: the sending end of one text/event-stream response. Whoever holds it owns the stream:
// destroying it ends the response. Keep-alive comments are sent by the stream itself. Bounded: more
// than `queue_limit` bytes behind the message being sent, or no byte taken for `stall_limit`, and
// the stream ends as a slow reader (one message of any size is always accepted). Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sidecar::http {

struct SseLimits {
  // a comment after that long without a byte; 0: none
  std::chrono::milliseconds keep_alive{30'000};
  std::size_t queue_limit = 8 << 20;
  std::chrono::milliseconds stall_limit{30'000};
};

struct SseOptions : SseLimits {
  std::string first_bytes;  // sent as they are before anything else, e.g. ": connected\n\n"
};

// kNoRoom: its connection was closed to make room for another client's.
enum class SseClosed { kClientGone, kSlowReader, kServerShutdown, kNoRoom };

class SseStream {
 public:
  virtual ~SseStream() = default;  // ends the response after what is queued; no callback after this
  // One event. `data` has no CR or LF (JSON on one line). `event` and `id` may be empty: their line
  // is left out. Ignored when the stream has ended.
  virtual void send(std::string_view event, std::string data, std::string_view id = {}) = 0;
  // Bytes accepted but not yet taken by the socket.
  virtual std::size_t queued_bytes() const = 0;
  // Bytes given to the socket so far.
  virtual std::uint64_t sent_bytes() const = 0;
  // `action` runs at most once, when the stream ends for another reason than its destruction; it
  // may destroy the stream. Not called from inside send().
  virtual void on_closed(std::function<void(SseClosed)> action) = 0;
};

}  // namespace sidecar::http
