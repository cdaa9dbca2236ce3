#include "access/rate_limits.hpp"

#include <algorithm>

#include "access/address.hpp"

namespace sidecar::access {
namespace {

namespace ip = boost::asio::ip;

constexpr unsigned short kClientBits = 64;

// No session's id holds a space, so nothing else can have its bucket.
std::string session_bucket(const Payer& payer) {
  if (!payer.session.empty()) return std::string(payer.session);
  return std::string(payer.owner) + ' ' + address_bucket(payer.address);
}

std::string key_bucket(const Payer& payer) { return std::string(payer.owner); }
std::string payer_address_bucket(const Payer& payer) { return address_bucket(payer.address); }

}  // namespace

std::string address_bucket(std::string_view address) {
  const auto parsed = parse_address(address);
  if (!parsed || !parsed->is_v6()) return std::string(address);
  ip::address_v6 v6 = parsed->to_v6();
  v6.scope_id(0);
  return ip::network_v6(v6, kClientBits).canonical().to_string();
}

RateLimits::RateLimits(const Rates& rates, const Timers& timers)
    : scopes_{Scope{"session", {rates.session, timers}, session_bucket},
              Scope{"key", {rates.key, timers}, key_bucket},
              Scope{"address", {rates.address, timers}, payer_address_bucket}},
      wrong_keys_(rates.wrong_keys, timers) {}

void RateLimits::set_rates(const Rates& rates) {
  const Rate in_order[] = {rates.session, rates.key, rates.address};
  for (std::size_t i = 0; i < scopes_.size(); ++i) scopes_[i].limiter.set_rate(in_order[i]);
  wrong_keys_.set_rate(rates.wrong_keys);
}

bool RateLimits::on() const {
  return std::any_of(scopes_.begin(), scopes_.end(), [](const Scope& scope) { return scope.limiter.on(); });
}

std::vector<RateLimits::Line> RateLimits::budgets(const Payer& payer, std::size_t requests) const {
  std::vector<Line> lines;
  for (const Scope& scope : scopes_) {
    if (!scope.limiter.on()) continue;
    const std::string bucket = scope.bucket(payer);
    if (!bucket.empty()) lines.push_back({scope.name, scope.limiter.look(bucket, requests)});
  }
  return lines;
}

std::optional<RateLimits::Line> RateLimits::charge(const Payer& payer, std::size_t requests) {
  std::optional<Line> refusing;
  for (const Line& line : budgets(payer, requests)) {
    if (line.budget.remaining < requests && (!refusing || line.budget.wait > refusing->budget.wait))
      refusing = line;
  }
  if (refusing) {
    refusing->passed = false;
    return refusing;
  }
  std::optional<Line> tightest;
  for (Scope& scope : scopes_) {
    if (!scope.limiter.on()) continue;
    const std::string bucket = scope.bucket(payer);
    if (bucket.empty()) continue;
    scope.limiter.take(bucket, requests);
    const Budget budget = scope.limiter.look(bucket);
    if (!tightest || budget.remaining < tightest->budget.remaining) tightest = Line{scope.name, budget};
  }
  return tightest;
}

std::optional<Budget> RateLimits::wrong_key(std::string_view address) {
  if (!wrong_keys_.on()) return std::nullopt;
  const std::string bucket = address_bucket(address);
  const Budget budget = wrong_keys_.look(bucket);
  if (budget.remaining == 0) return budget;
  wrong_keys_.take(bucket);
  return std::nullopt;
}

}  // namespace sidecar::access
