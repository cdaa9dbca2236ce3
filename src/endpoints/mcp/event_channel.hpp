// EventChannel: one MCP event stream over any number of successive connections: the GET stream of
// a session, or the stream of one POST. Sends on the current connection, and keeps events for a
// client that resumes (MCP 2025-11-25, Transports, Resumability and Redelivery).
// Owned by its session or its POST; loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "endpoints/mcp/event_ring.hpp"
#include "http/exchange.hpp"
#include "session/stream_limit.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

// "0badcafe-7-12": event 12 of stream 7 of a session in this process. The client returns it as
// Last-Event-ID.
struct EventId {
  static constexpr std::size_t kProcessDigits = 8;

  std::string process{};
  std::uint64_t stream = 0;
  std::uint64_t number = 0;

  std::string text() const;
  static std::optional<EventId> parse(std::string_view text);
};

class EventChannel {
 public:
  // `retry` of the priming event: the client's delay before it reconnects.
  static constexpr int kRetryMs = 1'000;

  // `process`: see EventId; outlives the channel. `stream`: its number within the session.
  // `rings`: budget for kept events, charged to `owner`; nullptr: events are not kept.
  EventChannel(const std::string& process, std::uint64_t stream, RingBudget* rings,
               std::string_view owner, Timers& timers);

  // Continues on this connection and ends the previous one. Kept events that were on no connection
  // yet follow at once. `ids`: sends a priming event first and gives every event an id.
  void open(http::Exchange exchange, Fields fields, http::SseOptions options, bool ids,
            std::optional<session::StreamLimit::Ticket> ticket = {});
  // The same for a client that has the events up to `after`. REQUIRES: can_resume(after).
  void resume(http::Exchange exchange, http::SseOptions options, std::uint64_t after,
              session::StreamLimit::Ticket ticket);
  bool can_resume(std::uint64_t after) const { return ids_ && ring_ && ring_->holds_after(after); }
  // Whether the stream has ended and a client that has the events up to `after` has them all.
  bool exhausted(std::uint64_t after) const { return finished_ && ring_ && after == ring_->last(); }

  // False: the event is lost, because no connection is open and events are not kept.
  bool send(std::string text);
  // No event follows: ends the connection.
  void finish();

  bool open() const { return stream_ != nullptr; }
  bool resumable() const { return ids_ && ring_.has_value(); }
  std::uint64_t stream() const { return number_; }
  // When a connection was last open; before the first one, when the channel was made.
  Clock::time_point last_open() const { return stream_ ? timers_.now() : last_open_; }
  // Of the current connection.
  const std::optional<session::StreamLimit::Ticket>& ticket() const { return ticket_; }

 private:
  void connect(http::Exchange exchange, Fields fields, http::SseOptions options,
               std::uint64_t after);
  void disconnect();
  std::string id(std::uint64_t event) const {
    return ids_ ? EventId{process_, number_, event}.text() : std::string();
  }

  const std::string& process_;
  const std::uint64_t number_;
  Timers& timers_;
  std::optional<EventRing> ring_;
  std::unique_ptr<http::SseStream> stream_;
  std::optional<session::StreamLimit::Ticket> ticket_;
  Clock::time_point last_open_;
  bool ids_ = false;
  bool finished_ = false;
};

}  // namespace sidecar::endpoints
