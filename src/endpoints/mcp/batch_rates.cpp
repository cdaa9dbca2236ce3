#include "endpoints/mcp/batch_rates.hpp"

#include <fmt/format.h>
#include <utility>

#include "endpoints/mcp/json_rpc.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::endpoints {

bool within_rates(access::Gate* gate, http::Exchange& exchange, const session::Session& session,
                  const session::PostBody& body) {
  const std::size_t messages = body.elements.size();
  if (gate == nullptr || messages < 2) return true;
  access::Gate::Charge charge =
      gate->charge_further(*exchange.request().caller, session.id(), messages - 1);
  exchange.set_reply_fields(std::move(charge.fields));
  if (!charge.retry_after) return true;
  if (!charge.never.empty()) {
    exchange.reply(json_rpc_error(400, "null", mcp::code::kInvalidRequest, charge.never));
    return false;
  }
  http::Response response = json_rpc_error(
      429, "null", mcp::code::kBusy,
      fmt::format("Rate limit exceeded: a batch counts as its {} messages", messages));
  response.fields.push_back({"Retry-After", std::to_string(charge.retry_after->count())});
  exchange.reply(std::move(response));
  return false;
}

}  // namespace sidecar::endpoints
