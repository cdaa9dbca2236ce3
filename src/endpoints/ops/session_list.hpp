// Session list: lists the open sessions, and ends one on request.
//   GET /sessions
//     {"count":1,
//      "sessions":[{"id":"1f3a9c04","key":"vapi","address":"192.0.2.7",
//                   "client":{"name":"n8n","version":"1.2"},"transport":"sse",
//                   "protocolVersion":"2025-06-18","child":"shared-1","age":61,"idle":3,
//                   "calls":12,"inFlight":1,"bytesIn":2048,"bytesOut":8192,
//                   "server":"default"}]}
//     Oldest first; times in seconds, ids shortened.
//   DELETE /sessions/<id>
//     204. Takes the shortened or the whole id; 404 if it is unknown, 409 if several match.
// Callers with the permission admin see all sessions, and only they may end one. Others see the
// sessions of their key; without keys, those of their address. Owned by app; loop thread only.
#pragma once

#include <string_view>
#include <vector>

#include "http/server.hpp"
#include "session/session_table.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

class SessionList {
 public:
  SessionList(session::SessionTable& sessions, const Timers& timers, observe::Log& log);

  std::vector<http::Route> routes();

 private:
  void list(http::Exchange exchange) const;
  void end(http::Exchange exchange);
  // Oldest first.
  std::vector<session::Session*> visible_to(const auth::Principal& caller) const;

  session::SessionTable& sessions_;
  const Timers& timers_;
  observe::Log& log_;
};

}  // namespace sidecar::endpoints
