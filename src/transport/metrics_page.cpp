#include "transport/metrics_page.hpp"

namespace sidecar::transport {

std::vector<http::Route> metrics_routes(const observe::Metrics& metrics) {
  return {{"GET", "/metrics", "metrics", [&metrics](http::Exchange exchange) {
             http::Response response;
             response.body = metrics.text();
             response.content_type = "text/plain; version=0.0.4; charset=utf-8";
             response.fields.push_back({"Cache-Control", "no-store"});
             exchange.reply(std::move(response));
           }}};
}

}  // namespace sidecar::transport
