// RateLimits: how often a client may come: for each session, key and address a budget of its own;
// and how often an address may show wrong keys. A request is charged to all budgets that apply, or,
// when one of them is used up, to none. Refused requests cost nothing.
//
//   session   of a request that names a live session of its owner; every other one counts for its key and
//             address together
//   key       the owner, when there is one
//   address   of IPv6 its network of 64 bits, which is what one client has
//
// Sessions are known by the ids that the server made: a made-up id is never a bucket's name. Owned
// by app; loop thread only.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/rate_limiter.hpp"

namespace sidecar::access {

struct Rates {
  Rate session{};
  Rate key{};
  Rate address{};
  Rate wrong_keys{};  // of one address
};

// Whom a request is charged to.
struct RateLimitKeys {
  std::string_view session;  // id of a live session of the owner; empty: none
  std::string_view owner;    // empty where nobody needs a key
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

  // Budgets of a rate that stays are kept.
  void set_rates(const Rates& rates);
  // Whether requests are charged at all.
  bool on() const;

  // The budget that is tightest after the requests, or that refuses them. Nothing when no limit
  // applies.
  std::optional<Line> charge(const RateLimitKeys& keys, std::size_t requests = 1);
  // All budgets that apply, without a charge.
  std::vector<Line> budgets(const RateLimitKeys& keys, std::size_t requests = 1) const;

  // A wrong key was shown; whether that is one too many, and for how long. Right keys are never
  // held up by it.
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

// "2001:db8:1:2::7" → "2001:db8:1:2::/64"; other text as it is.
std::string address_bucket(std::string_view address);

}  // namespace sidecar::access
