// RateLimits: a budget of requests for each session, key and address, and a budget of wrong keys
// for each address. A request is charged to all budgets that apply or, if one of them is used up,
// to none: refused requests cost nothing.
//
//   session   A live session of the owner. Requests without one share a bucket per key and address.
//   key       The owner, if there is one.
//   address   For IPv6 its /64 network, because one client usually has all of it.
//
// Only ids that the server made become names of buckets. Owned by Service; loop thread only.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/rate_limiter.hpp"
#include "config/settings.hpp"

namespace sidecar::access {

using Rates = config::Rates;

// The budgets that a request is charged to.
struct RateLimitKeys {
  std::string_view session;  // id of a live session of the owner; may be empty
  std::string_view owner;    // empty if no key is needed
  std::string_view address;
};

class RateLimits {
 public:
  struct Line {
    std::string_view scope;  // "session", "key", "address"
    Budget budget;
    bool passed = true;
  };

  RateLimits(const Rates& rates, const Timers& timers);

  // Budgets whose rate does not change are kept.
  void set_rates(const Rates& rates);
  // True if any limit applies to requests.
  bool on() const;

  // The budget that refuses the requests, or else the one with the least left after them. Nothing
  // if no limit applies.
  std::optional<Line> charge(const RateLimitKeys& keys, std::size_t requests = 1);
  // All budgets that apply, without a charge.
  std::vector<Line> budgets(const RateLimitKeys& keys, std::size_t requests = 1) const;

  // Charges one wrong key. Returns the budget if it was used up already. Valid keys are never
  // charged.
  std::optional<Budget> wrong_key(std::string_view address);

 private:
  struct Scope {
    std::string_view name;
    RateLimiter limiter;
    std::string (*bucket)(const RateLimitKeys&);  // empty: does not apply
  };

  std::array<Scope, 3> scopes_;
  RateLimiter wrong_keys_;
};

// "2001:db8:1:2::7" → "2001:db8:1:2::/64"; other text is returned unchanged.
std::string address_bucket(std::string_view address);

}  // namespace sidecar::access
