// SseStream: the sending end of one text/event-stream response. Destroying it ends the response.
// Sends keep-alive comments itself. Bounded: it ends as kSlowReader when more than `queue_limit`
// bytes are queued behind the message being sent, or when the client takes no byte for
// `stall_limit`. One message of any size is accepted if the buffer budget allows. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "config/settings.hpp"

namespace sidecar::http {

using SseLimits = config::StreamLimits;

struct SseOptions : SseLimits {
  // Sent unchanged with the head. Some proxies hold back the head until the first byte of the body,
  // so this is empty only where an event follows at once.
  std::string first_bytes = ": \n\n";
};

// kNoRoom: the connection was closed to make room for another one.
enum class SseClosed { kClientGone, kSlowReader, kServerShutdown, kNoRoom };

class SseStream {
 public:
  // Ends the response after the queued output; no callback runs afterwards.
  virtual ~SseStream() = default;
  // Sends one event. `data` has no CR or LF (JSON on one line). Empty `event` or `id`: the line is
  // left out. Ignored if the stream has ended.
  virtual void send(std::string_view event, std::string data, std::string_view id = {}) = 0;
  // Bytes accepted but not yet written to the socket.
  virtual std::size_t queued_bytes() const = 0;
  // Bytes written to the socket so far.
  virtual std::uint64_t sent_bytes() const = 0;
  // `action` runs at most once, when the stream ends for a reason other than its destruction, but
  // never inside send(). It may destroy the stream.
  virtual void on_closed(std::function<void(SseClosed)> action) = 0;
};

}  // namespace sidecar::http
