// Streamable HTTP: MCP 2025-03-26 to 2025-11-25, Transports. One path: POST takes messages and
// answers them, GET opens the stream for what belongs to no call, or resumes a stream that was cut
// off, DELETE ends the session. A POST of `initialize` makes one. Every refusal is a JSON-RPC
// error, with the request's id where that could be read.
//
//   400 no session id · unsupported revision (so that clients of both eras fall back to `initialize`) · what
//       is no message · an event that is gone        404 unknown session (-32001: the client starts anew)
//   403 another owner's session     405 GET without a session     406, 415 Accept, Content-Type
//   429 too many calls of the session     503 no child, no room for a session, too many streams; Retry-After
//
// Owned by app; loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "endpoints/mcp/post_response.hpp"
#include "endpoints/mcp/streamable_session.hpp"
#include "http/exchange.hpp"
#include "http/server.hpp"
#include "mux/pool/instances.hpp"
#include "session/session_table.hpp"
#include "session/stream_limit.hpp"

namespace sidecar::endpoints {

class StreamableHttp {
 public:
  // What `parts` refers to outlives the sessions, as `streams` does.
  StreamableHttp(session::SessionTable& sessions, mux::Instances& instances,
                 session::StreamLimit& streams, const StreamableParts& parts);

  // /mcp
  std::vector<http::Route> routes();

 private:
  void post(http::Exchange exchange);
  void get(http::Exchange exchange);
  void end(http::Exchange exchange);

  void open(http::Exchange exchange, session::PostBody body, Accepted accepted);
  // The session that the request names; nullptr when there is none for it, and the client has been
  // told.
  StreamableSession* find(http::Exchange& exchange);

  session::SessionTable& sessions_;
  mux::Instances& instances_;
  session::StreamLimit& streams_;
  const StreamableParts& parts_;
};

}  // namespace sidecar::endpoints
