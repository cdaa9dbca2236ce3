// Health: for people, load balancers and Docker, without a key.
//   GET /health  always 200 while the program runs; the shape is that of both programs that mcp-sidecar
//                replaces, and `child` and `children` say how the wrapped server is
//   GET /ready   200 only while calls can be served, else 503 with the reason
// How much of both a caller is told: observe/caller.hpp.
// Owned by app; loop thread only.
#pragma once

#include <functional>
#include <vector>

#include "http/server.hpp"
#include "mux/pool/instances.hpp"
#include "observe/caller.hpp"
#include "session/session_table.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

class Health {
 public:
  Health(const session::SessionTable& sessions, const mux::Instances& instances,
         const Timers& timers, bool auth_enabled);

  // A key is needed from now on.
  void set_auth_enabled() { auth_enabled_ = true; }
  std::vector<http::Route> routes();

 private:
  void health(http::Exchange exchange) const;
  void ready(http::Exchange exchange) const;
  observe::Disclosure told(const http::Exchange& exchange) const;
  // Addresses of clients are for those who may come in, and for this machine, as both predecessors
  // have it.
  bool shows_addresses(const http::Exchange& exchange) const;

  const session::SessionTable& sessions_;
  const mux::Instances& instances_;
  const Timers& timers_;
  bool auth_enabled_;
  const Clock::time_point started_;
};

}  // namespace sidecar::endpoints
