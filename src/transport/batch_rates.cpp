#include "transport/batch_rates.hpp"

#include <fmt/format.h>
#include <utility>

#include "mcp/protocol.hpp"
#include "transport/json_rpc.hpp"

namespace sidecar::transport {

bool within_rates(access::Gate* gate, http::Exchange& exchange, const session::Session& session,
                  const session::Posted& posted) {
  const std::size_t messages = posted.elements.size();
  if (gate == nullptr || messages < 2) return true;
  access::Gate::Charge charge = gate->charge_further(*exchange.request().caller, session.id(), messages - 1);
  exchange.set_reply_fields(std::move(charge.fields));
  if (!charge.retry_after) return true;
  http::Response response =
      json_rpc_error(429, "null", mcp::code::kBusy,
                     fmt::format("Rate limit exceeded: a batch counts as its {} messages", messages));
  response.fields.push_back({"Retry-After", std::to_string(charge.retry_after->count())});
  exchange.reply(std::move(response));
  return false;
}

}  // namespace sidecar::transport
