// Legacy SSE: MCP 2024-11-05, Transports, HTTP with SSE. `GET /sse` opens a session and its stream,
// whose first event is the address for messages; `POST /message` takes one message or batch;
// answers are sent on the stream. A session works without `initialize`, because EventSource
// reconnects on its own and clients do not initialize again. Owned by app; loop thread only.
#pragma once

#include <functional>
#include <string>
#include <string_view>
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
  std::string message_path;  // in the endpoint event: /message or /messages
  // The path in front of `message_path` under which a client reached this server; empty for the
  // root. Null: always the root.
  std::function<std::string(const http::Head&)> prefix;
  http::SseOptions stream;       // first_bytes is overwritten
  access::Gate* gate = nullptr;  // charges the messages of batches; nullptr without rates
};

class SseSession;

class LegacySse {
 public:
  static constexpr std::string_view kTransport = "sse";

  // `streams` outlives the sessions.
  LegacySse(session::SessionTable& sessions, mux::Instances& instances,
            session::StreamLimit& streams, Timers& timers, LegacySseOptions options);

  // /sse, /message, /messages, /messages/<id>
  std::vector<http::Route> routes();

 private:
  void open(http::Exchange exchange);
  void post(http::Exchange exchange);
  void post_without_id(http::Exchange exchange);
  // Passes the body to the session and answers the POST. The child's answers are sent on the
  // stream.
  void deliver(http::Exchange exchange, SseSession& session, bool by_id);

  session::SessionTable& sessions_;
  mux::Instances& instances_;
  session::StreamLimit& streams_;
  Timers& timers_;
  const LegacySseOptions options_;
};

}  // namespace sidecar::endpoints
