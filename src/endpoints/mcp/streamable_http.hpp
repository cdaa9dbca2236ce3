// Streamable HTTP: MCP 2025-03-26 to 2025-11-25, Transports. One path, /mcp: POST takes messages
// and answers them; GET opens the stream for messages that belong to no call, or resumes a broken
// stream; DELETE ends the session. A POST of `initialize` opens a session; other POSTs without a
// session: SessionlessPosts. Every refusal is a JSON-RPC error, with the request's id if that could
// be read.
//
//   400  no valid message; a request that needs a session; DELETE without one; an event that is
//        gone; an unsupported revision (clients of both eras then fall back to `initialize`)
//   403  another owner's session
//   404  unknown session that cannot be revived (session/session_ids.hpp); code -32001: the client
//        begins a new session
//   405  GET without a session; GET and DELETE if no client gets one (MCP_STATELESS)
//   406  Accept
//   415  Content-Type
//   429  too many calls of the session
//   503  no child, too many sessions or streams; with Retry-After
//
// Owned by app; loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "endpoints/mcp/post_response.hpp"
#include "endpoints/mcp/sessionless_posts.hpp"
#include "endpoints/mcp/streamable_session.hpp"
#include "http/exchange.hpp"
#include "http/server.hpp"
#include "mux/pool/instances.hpp"
#include "session/session_table.hpp"
#include "session/stream_limit.hpp"

namespace sidecar::endpoints {

class StreamableHttp {
 public:
  // `parts`, the objects in it and `streams` outlive the sessions.
  StreamableHttp(session::SessionTable& sessions, mux::Instances& instances,
                 session::StreamLimit& streams, const StreamableParts& parts);

  // /mcp, and the same at /, because people give clients the base URL
  std::vector<http::Route> routes();
  // The calls of clients without a session.
  session::SessionlessCalls& sessionless_calls() { return sessionless_.calls(); }

 private:
  void post(http::Exchange exchange);
  void get(http::Exchange exchange);
  void end(http::Exchange exchange);

  void post_without_session(http::Exchange exchange, session::PostBody body, Accepted accepted);
  void open(http::Exchange exchange, session::PostBody body, Accepted accepted);
  void refuse_without_sessions(http::Exchange exchange);
  // The session that the request names. nullptr: unknown or another owner's, or there is no room
  // to revive it; the request was answered with 404, 403 or 503.
  StreamableSession* find(http::Exchange& exchange);
  // The same for an id that is unknown here: continues the caller's session of an earlier process.
  StreamableSession* revive(http::Exchange& exchange, std::string_view id);
  void end_stream(http::Exchange exchange);

  session::SessionTable& sessions_;
  mux::Instances& instances_;
  session::StreamLimit& streams_;
  const StreamableParts& parts_;
  SessionlessPosts sessionless_;
};

}  // namespace sidecar::endpoints
