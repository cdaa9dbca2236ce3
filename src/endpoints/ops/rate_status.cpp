#include "endpoints/ops/rate_status.hpp"

#include <nlohmann/json.hpp>

#include "endpoints/mcp/mcp_requests.hpp"

namespace sidecar::endpoints {
namespace {

auto seconds(Clock::duration time) { return std::chrono::ceil<std::chrono::seconds>(time).count(); }

}  // namespace

RateStatus::RateStatus(const access::RateLimits& limits, const session::SessionTable& sessions)
    : limits_(limits), sessions_(sessions) {}

std::vector<http::Route> RateStatus::routes() {
  // Not charged, so that it also answers when a budget is used up.
  constexpr RouteRules kRules{.access = Access::kClient, .charged = false};
  return {{"GET", "/rate-limit-status", "rate-limit-status", kRules,
           [this](http::Exchange exchange) { status(std::move(exchange)); }}};
}

void RateStatus::status(http::Exchange exchange) const {
  const auth::Principal& caller = *exchange.request().caller;
  access::RateLimitKeys rate_keys{{}, caller.owner, caller.address};
  const auto id = named_session(exchange.request());
  const session::Session* session = id ? sessions_.find(*id) : nullptr;
  if (session != nullptr && session->belongs_to(caller)) rate_keys.session = session->id();

  nlohmann::ordered_json limits = nlohmann::ordered_json::array();
  for (const auto& [scope, budget, passed] : limits_.budgets(rate_keys)) {
    limits.push_back({{"scope", scope},
                      {"limit", budget.limit},
                      {"remaining", budget.remaining},
                      {"reset", seconds(budget.reset)},
                      {"window", seconds(budget.window)}});
  }
  http::Response response;
  response.body =
      nlohmann::ordered_json{{"enabled", !limits.empty()}, {"limits", std::move(limits)}}.dump();
  response.fields.push_back({"Cache-Control", "no-store"});
  exchange.reply(std::move(response));
}

}  // namespace sidecar::endpoints
