#include "access/rate_limits.hpp"

#include <algorithm>

#include "access/address.hpp"

namespace sidecar::access {
namespace {

namespace ip = boost::asio::ip;

constexpr unsigned short kClientBits = 64;

// The space keeps the two kinds of names apart, because no session id holds one.
std::string session_bucket(const RateLimitKeys& keys) {
  if (!keys.session.empty()) return std::string(keys.session);
  return std::string(keys.owner) + ' ' + address_bucket(keys.address);
}

std::string key_bucket(const RateLimitKeys& keys) { return std::string(keys.owner); }
std::string bucket_of_address(const RateLimitKeys& keys) { return address_bucket(keys.address); }

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
              Scope{"address", {rates.address, timers}, bucket_of_address}},
      wrong_keys_(rates.wrong_keys, timers) {}

void RateLimits::set_rates(const Rates& rates) {
  const Rate in_order[] = {rates.session, rates.key, rates.address};
  for (std::size_t i = 0; i < scopes_.size(); ++i) scopes_[i].limiter.set_rate(in_order[i]);
  wrong_keys_.set_rate(rates.wrong_keys);
}

bool RateLimits::on() const {
  return std::any_of(scopes_.begin(), scopes_.end(),
                     [](const Scope& scope) { return scope.limiter.on(); });
}

std::vector<RateLimits::Line> RateLimits::budgets(const RateLimitKeys& keys,
                                                  std::size_t requests) const {
  std::vector<Line> lines;
  for (const Scope& scope : scopes_) {
    if (!scope.limiter.on()) continue;
    const std::string bucket = scope.bucket(keys);
    if (!bucket.empty()) lines.push_back({scope.name, scope.limiter.peek(bucket, requests)});
  }
  return lines;
}

std::optional<RateLimits::Line> RateLimits::charge(const RateLimitKeys& keys,
                                                   std::size_t requests) {
  std::optional<Line> refusing;
  for (const Line& line : budgets(keys, requests)) {
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
    const std::string bucket = scope.bucket(keys);
    if (bucket.empty()) continue;
    scope.limiter.consume(bucket, requests);
    const Budget budget = scope.limiter.peek(bucket);
    if (!tightest || budget.remaining < tightest->budget.remaining)
      tightest = Line{scope.name, budget};
  }
  return tightest;
}

std::optional<Budget> RateLimits::wrong_key(std::string_view address) {
  if (!wrong_keys_.on()) return std::nullopt;
  const std::string bucket = address_bucket(address);
  const Budget budget = wrong_keys_.peek(bucket);
  if (budget.remaining == 0) return budget;
  wrong_keys_.consume(bucket);
  return std::nullopt;
}

}  // namespace sidecar::access
