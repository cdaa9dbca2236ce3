#include "endpoints/ops/admin.hpp"

#include <fmt/format.h>

namespace sidecar::endpoints {

Admin::Admin(mux::Instances& instances, observe::Log& log) : instances_(instances), log_(log) {}

std::vector<http::Route> Admin::routes() {
  constexpr RouteRules kRules{.access = Access::kAdmin, .action = "restart the MCP server"};
  return {{"POST", "/restart", "restart", kRules,
           [this](http::Exchange exchange) { restart(std::move(exchange)); }}};
}

void Admin::restart(http::Exchange exchange) {
  const auth::Principal& caller = *exchange.request().caller;
  log_.info("restart requested", {{"address", caller.address}, {"key", caller.owner}});
  http::Response response;
  response.status = 202;
  response.body = fmt::format(R"({{"restarting":{}}})", instances_.restart());
  exchange.reply(std::move(response));
}

std::vector<http::Route> metrics_routes(const observe::Metrics& metrics) {
  constexpr RouteRules kRules{.access = Access::kMetrics, .action = "read the metrics"};
  return {{"GET", "/metrics", "metrics", kRules, [&metrics](http::Exchange exchange) {
             http::Response response;
             response.body = metrics.text();
             response.content_type = "text/plain; version=0.0.4; charset=utf-8";
             response.fields.push_back({"Cache-Control", "no-store"});
             exchange.reply(std::move(response));
           }}};
}

}  // namespace sidecar::endpoints
