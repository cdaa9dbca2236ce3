// PostResponse: what a POST with requests gets over Streamable HTTP. It starts late on purpose: if
// the answer is the first thing to send, it goes out as application/json; if something comes before
// it, or the answer takes its time, an event stream begins (where the client accepts one).
//
//   waiting ─answer→ JSON            waiting ─client gone→ gone: the call goes on, its answer is dropped
//      └─message, or time→ streaming ─answer→ ended       (its connection may go and, with event ids, come
//      back)
//
// A client that goes away is no cancel (MCP 2025-11-25, Transports). Owned by its session, which it
// does not outlive; loop thread only.
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
#include "util/timers.hpp"

namespace sidecar::endpoints {

// What all of Streamable HTTP shares. Owned by StreamableHttp; sessions use it while they live.
struct StreamableParts {
  Timers& timers;
  observe::Metrics& metrics;
  RingBudget& rings;
  http::SseOptions stream;       // keep-alive and limits of every event stream
  Clock::duration stream_after;  // how long an answer may take before an event stream begins
  access::Gate* gate = nullptr;  // whose rates the messages of batches count for
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
    // the head tells the session's id, so it waits for the answer, and an error tells none
    kInitialize,
  };

  // `number`: of its stream. `id`: of its request, "null" for a batch.
  PostResponse(http::Exchange exchange, Kind kind, Accepted accepted, std::uint64_t number,
               std::string id, const session::Session& session, const StreamableParts& parts);
  // Without an answer the session has ended: the client hears 404, an event stream just ends.
  ~PostResponse();
  PostResponse(const PostResponse&) = delete;
  PostResponse& operator=(const PostResponse&) = delete;

  // Begins the event stream or its wait. Not in the constructor: the owner must know this first.
  void start();
  // A message of the child that belongs to the call. False: it cannot go here.
  bool message(std::string text);
  // The end. Nothing may follow.
  void answer(mux::Answer answer);
  // The same for a POST that is refused after all.
  void refuse(http::Response response);

  // The client went away before anything was sent.
  bool gone() const { return !exchange_ && !channel_; }
  // Its event stream, once that has begun.
  EventChannel* channel() { return channel_.get(); }
  // After the answer: for a client that comes back. Null when it cannot.
  std::unique_ptr<EventChannel> take_channel();

 private:
  void begin(Fields fields = {});
  void reply(http::Response response);

  std::optional<http::Exchange> exchange_;  // while nothing was sent
  const Kind kind_;
  const Accepted accepted_;
  const std::uint64_t number_;
  const std::string id_;
  const session::Session& session_;
  const StreamableParts& parts_;
  std::unique_ptr<EventChannel> channel_;
  Timer timer_;
  std::shared_ptr<PostResponse*> self_;  // for the connection's callback: emptied by the destructor
};

}  // namespace sidecar::endpoints
