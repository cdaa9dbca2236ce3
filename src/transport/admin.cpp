#include "transport/admin.hpp"

#include <fmt/format.h>

namespace sidecar::transport {

Admin::Admin(mux::Instances& instances, bool needs_key, observe::Log& log)
    : instances_(instances), needs_key_(needs_key), log_(log) {}

std::vector<http::Route> Admin::routes() {
  return {{"POST", "/restart", "restart", [this](http::Exchange exchange) { restart(std::move(exchange)); }}};
}

void Admin::restart(http::Exchange exchange) {
  const observe::Caller& caller = *exchange.request().caller;
  // A page in a browser of this machine comes from loopback too, but always names its origin.
  const bool local = caller.loopback && exchange.request().header("Origin").empty();
  if (needs_key_ ? !caller.has_key : !local) {
    return exchange.reply(
        http::error_response(403, "Without a key only this machine may restart the MCP server"));
  }
  log_.info("restart asked for", {{"address", caller.address}, {"key", caller.owner}});
  http::Response response;
  response.status = 202;
  response.body = fmt::format(R"({{"restarting":{}}})", instances_.restart());
  exchange.reply(std::move(response));
}

}  // namespace sidecar::transport
