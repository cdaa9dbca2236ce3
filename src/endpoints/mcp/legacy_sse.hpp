// Legacy SSE: MCP 2024-11-05, Transports, HTTP with SSE. `GET /sse` opens a session and its stream,
// whose first event names the address for messages; `POST /message` takes one message; answers come
// on the stream. A session works without `initialize`: EventSource reconnects on its own, and
// clients do not initialise again. Owned by app; loop thread only.
#pragma once

#include <string>
#include <vector>

#include "access/gate.hpp"
#include "http/exchange.hpp"
#include "http/server.hpp"
#include "mux/pool/instances.hpp"
#include "session/session_table.hpp"
#include "session/stream_limit.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

struct LegacySseOptions {
  // what the endpoint event names: /message, with what a proxy strips in front
  std::string message_path;
  http::SseOptions stream;       // first_bytes is set here
  access::Gate* gate = nullptr;  // whose rates the messages of batches count for
};

class SseSession;

class LegacySse {
 public:
  // `streams` outlives the sessions.
  LegacySse(session::SessionTable& sessions, mux::Instances& instances,
            session::StreamLimit& streams, Timers& timers, LegacySseOptions options);

  // /sse, /message, /messages, /messages/<id>
  std::vector<http::Route> routes();

 private:
  void open(http::Exchange exchange);
  void post(http::Exchange exchange);
  void post_without_id(http::Exchange exchange);
  // Gives the body to the session, and the HTTP answer to the client; the child's answers come on
  // the stream.
  void deliver(http::Exchange exchange, SseSession& session, bool by_id);

  session::SessionTable& sessions_;
  mux::Instances& instances_;
  session::StreamLimit& streams_;
  Timers& timers_;
  const LegacySseOptions options_;
};

}  // namespace sidecar::endpoints
