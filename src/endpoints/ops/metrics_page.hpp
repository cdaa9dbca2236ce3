// Metrics page: GET /metrics, every counter and gauge in Prometheus' text format 0.0.4.
// Owned by app; loop thread only.
#pragma once

#include <vector>

#include "http/server.hpp"
#include "observe/metrics.hpp"

namespace sidecar::endpoints {

// `metrics` outlives the routes.
std::vector<http::Route> metrics_routes(const observe::Metrics& metrics);

}  // namespace sidecar::endpoints
