#include "endpoints/ops/admin.hpp"

#include <fmt/format.h>

namespace sidecar::endpoints {

http::Response forbidden_without(std::string_view permission, std::string_view what) {
  return http::error_response(
      403, fmt::format("Only a key with the permission {} may {}; without keys only the start "
                       "token, which the log shows at start (MCP_OPEN_ADMIN)",
                       permission, what));
}

Admin::Admin(mux::Instances& instances, observe::Log& log) : instances_(instances), log_(log) {}

std::vector<http::Route> Admin::routes() {
  return {{"POST", "/restart", "restart",
           [this](http::Exchange exchange) { restart(std::move(exchange)); }}};
}

void Admin::restart(http::Exchange exchange) {
  const observe::Caller& caller = *exchange.request().caller;
  if (!caller.admin) return exchange.reply(forbidden_without("admin", "restart the MCP server"));
  log_.info("restart requested", {{"address", caller.address}, {"key", caller.owner}});
  http::Response response;
  response.status = 202;
  response.body = fmt::format(R"({{"restarting":{}}})", instances_.restart());
  exchange.reply(std::move(response));
}

std::vector<http::Route> metrics_routes(const observe::Metrics& metrics) {
  return {{"GET", "/metrics", "metrics", [&metrics](http::Exchange exchange) {
             const observe::Caller& caller = *exchange.request().caller;
             if (!caller.admin && !caller.metrics)
               return exchange.reply(forbidden_without("metrics or admin", "read the metrics"));
             http::Response response;
             response.body = metrics.text();
             response.content_type = "text/plain; version=0.0.4; charset=utf-8";
             response.fields.push_back({"Cache-Control", "no-store"});
             exchange.reply(std::move(response));
           }}};
}

}  // namespace sidecar::endpoints
