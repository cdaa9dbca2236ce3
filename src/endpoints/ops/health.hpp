// Health: liveness and readiness for load balancers, Docker and people. No key is needed.
//   GET /health  always 200 while the program runs; has the members of both predecessors' /health,
//                whose clients are event streams opened by GET, and the state of the wrapped server
//                in `child` and `children`
//   GET /ready   200 while calls can be served, else 503 with the reason
// auth::Disclosure decides how much a caller learns.
// Owned by app; loop thread only.
#pragma once

#include <functional>
#include <vector>

#include "auth/principal.hpp"
#include "http/server.hpp"
#include "mux/pool/instances.hpp"
#include "session/stream_limit.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

class Health {
 public:
  Health(const session::StreamLimit& streams, const mux::Instances& instances, const Timers& timers,
         bool auth_enabled);

  // Called when a reload configures the first key.
  void set_auth_enabled() { auth_enabled_ = true; }
  std::vector<http::Route> routes();

 private:
  void health(http::Exchange exchange) const;
  void ready(http::Exchange exchange) const;
  auth::Disclosure disclosed_to(const http::Exchange& exchange) const;
  // Callers with a key and loopback see clients' addresses; everyone does if no key is configured.
  // The predecessors have the same rule.
  bool shows_addresses(const http::Exchange& exchange) const;

  const session::StreamLimit& streams_;
  const mux::Instances& instances_;
  const Timers& timers_;
  bool auth_enabled_;
  const Clock::time_point started_;
};

}  // namespace sidecar::endpoints
