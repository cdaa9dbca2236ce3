// Health: GET /health, for people, load balancers and Docker. Always 200 while the program runs, without a
// key; the shape is that of both programs that mcp-sidecar replaces, and `child` says how the wrapped server
// is. Owned by app; loop thread only.
#pragma once

#include <functional>
#include <vector>

#include "child/supervisor.hpp"
#include "http/server.hpp"
#include "session/session_table.hpp"
#include "util/timers.hpp"

namespace sidecar::transport {

class Health {
 public:
  Health(const session::SessionTable& sessions, const child::Supervisor& child, const Timers& timers,
         bool auth_enabled);

  std::vector<http::Route> routes();

 private:
  void answer(http::Exchange exchange) const;

  const session::SessionTable& sessions_;
  const child::Supervisor& child_;
  const Timers& timers_;
  const bool auth_enabled_;
  const Clock::time_point started_;
};

}  // namespace sidecar::transport
