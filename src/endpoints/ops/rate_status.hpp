// Rate status: what is left of the caller's budgets.
//   GET /rate-limit-status  {"enabled":true,"limits":[{"scope":"session","limit":60,"remaining":59,"reset":1,
//                            "window":60}, …]}: seconds; scopes as in access/rate_limits.hpp. The request
//                            itself is charged already. `Mcp-Session-Id` or `?sessionId=` asks for that
//                            session
// Owned by app; loop thread only.
#pragma once

#include <vector>

#include "access/rate_limits.hpp"
#include "http/server.hpp"
#include "session/session_table.hpp"

namespace sidecar::endpoints {

class RateStatus {
 public:
  RateStatus(const access::RateLimits& limits, const session::SessionTable& sessions);

  std::vector<http::Route> routes();

 private:
  void status(http::Exchange exchange) const;

  const access::RateLimits& limits_;
  const session::SessionTable& sessions_;
};

}  // namespace sidecar::endpoints
