// Rate status: the caller's remaining budgets.
//   GET /rate-limit-status
//     {"enabled":true,
//      "limits":[{"scope":"session","limit":60,"remaining":59,"reset":1,"window":60}, …]}
// Times are in seconds; the scopes are those of access/rate_limits.hpp. The request itself is
// already charged. `Mcp-Session-Id` or `?sessionId=` selects a session; another owner's is ignored.
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
