// PostResponse: the HTTP response to a POST with requests over Streamable HTTP. It starts late on
// purpose: if the answer is the first message, it is sent as application/json; if another message
// comes first, or the answer takes longer than `stream_after`, an event stream begins, provided
// that the client accepts one.
//
//   waiting   ─ answer ──────────────→ JSON
//   waiting   ─ message, or timeout ─→ streaming
//   waiting   ─ client gone ─────────→ gone: the call goes on, its answer is dropped
//   streaming ─ answer ──────────────→ ended
//
// While streaming, the connection may break and, with event ids, be resumed. A disconnect does not
// cancel the call (MCP 2025-11-25, Transports). Owned by its session, or by SessionlessPosts; loop
// thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "access/gate.hpp"
#include "endpoints/mcp/event_channel.hpp"
#include "http/exchange.hpp"
#include "mux/core/call.hpp"
#include "observe/metrics.hpp"
#include "session/session.hpp"
#include "session/session_ids.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

// Shared by StreamableHttp and its sessions. Owned by app; outlives both.
struct StreamableParts {
  Timers& timers;
  observe::Metrics& metrics;
  RingBudget& rings;
  session::SessionIds& ids;
  http::SseOptions stream;       // keep-alive and limits of every event stream
  Clock::duration stream_after;  // delay of the answer after which an event stream begins
  access::Gate* gate = nullptr;  // charges the messages of batches; nullptr without rates
  bool stateless = false;        // no client gets a session (MCP_STATELESS)
};

// The forms of answer that a client accepts.
struct Accepted {
  bool json = true;
  bool stream = true;
};

class PostResponse {
 public:
  enum class Kind {
    kCall,
    // The head carries the session id, so it waits for the answer; an error has no session id.
    kInitialize,
  };

  // `number`: of its stream. `id`: token of its request, "null" for a batch. `session`: nullptr for
  // a client without one, whose stream cannot be resumed.
  PostResponse(http::Exchange exchange, Kind kind, Accepted accepted, std::uint64_t number,
               std::string id, const session::Session* session, const StreamableParts& parts);
  // Unanswered, because the session has ended: replies 404, or ends the event stream.
  ~PostResponse();
  PostResponse(const PostResponse&) = delete;
  PostResponse& operator=(const PostResponse&) = delete;

  // Begins the event stream, or the wait for `stream_after`. Not in the constructor: the owner must
  // have stored the object first.
  void start();
  // Sends a message of the child that belongs to the call. False: there is no stream for it.
  bool message(std::string text);
  // Sends the answer and ends. REQUIRES: no call of message() or answer() follows.
  void answer(mux::Answer answer);
  // The same for a POST that is refused after start().
  void refuse(http::Response response);

  // The client disconnected before anything was sent.
  bool gone() const { return !exchange_ && !channel_; }
  // Its event stream; nullptr before that has begun.
  EventChannel* channel() { return channel_.get(); }
  // After the answer: the stream, for a client that resumes it; nullptr if it cannot be resumed.
  std::unique_ptr<EventChannel> take_channel();

 private:
  void begin(Fields fields = {});
  void reply(http::Response response);

  std::optional<http::Exchange> exchange_;  // until something is sent
  const Kind kind_;
  const Accepted accepted_;
  const std::uint64_t number_;
  const std::string id_;
  const session::Session* const session_;
  const StreamableParts& parts_;
  std::unique_ptr<EventChannel> channel_;
  Timer timer_;
  std::shared_ptr<PostResponse*> self_;  // for the connection's callback: nulled by the destructor
};

}  // namespace sidecar::endpoints
