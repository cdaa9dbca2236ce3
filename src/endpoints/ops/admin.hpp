// Admin: endpoints for operators, each behind a permission of the caller.
//   POST /restart  admin: replaces every child. 202 {"restarting":N}. Sessions stay, and open calls
//                  finish.
//   GET /metrics   metrics or admin: all counters and gauges in Prometheus' text format 0.0.4
// Owned by app; loop thread only.
#pragma once

#include <vector>

#include "http/server.hpp"
#include "mux/pool/instances.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

namespace sidecar::endpoints {

class Admin {
 public:
  Admin(mux::Instances& instances, observe::Log& log);

  std::vector<http::Route> routes();

 private:
  void restart(http::Exchange exchange);

  mux::Instances& instances_;
  observe::Log& log_;
};

// `metrics` outlives the routes.
std::vector<http::Route> metrics_routes(const observe::Metrics& metrics);

}  // namespace sidecar::endpoints
