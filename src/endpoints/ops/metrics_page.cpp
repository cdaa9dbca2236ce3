#include "endpoints/ops/metrics_page.hpp"

#include "endpoints/ops/admin.hpp"

namespace sidecar::endpoints {

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
