// ChildRate: a limit on the rate at which all clients together may call the children, for servers
// that use a rate-limited service. Owners (auth::Principal::share_owner()) that asked within the
// last window share it. A single owner may use all of it. With several, an owner may exceed its
// part (the rate divided by their number) only while a quarter of the rate stays free.
// Owned by Instances. Loop thread only.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "util/token_bucket.hpp"

namespace sidecar::mux {

class ChildRate {
 public:
  // Owners with an account each. Beyond it, the account that was not used for longest is deleted.
  static constexpr std::size_t kMaxOwners = 4096;

  struct Refusal {
    Clock::duration wait{};
    std::size_t sharers = 0;  // number of parts, if the owner used its part; 0: the rate is used up
  };

  // A different rate resets all accounts.
  void set(Rate rate);
  const Rate& rate() const { return rate_; }
  bool on() const { return rate_.on(); }

  // Charges a call to its owner, or refuses it and charges nothing. REQUIRES: on().
  std::optional<Refusal> charge(std::string_view owner, Clock::time_point now);

  std::size_t owners() const { return accounts_.size(); }

 private:
  struct Account {
    std::string owner;
    Clock::time_point asked{};    // the last call
    Clock::time_point settled{};  // the time at which `used` was computed
    double used = 0;              // calls that its part has not refilled yet
  };

  Account& account_of(std::string_view owner, Clock::time_point now);
  // One owner's part now, in calls per window.
  double part() const;

  Rate rate_{};
  TokenBucket calls_;            // of all owners
  std::list<Account> accounts_;  // the most recently used first
  // Keys are views of Account::owner.
  std::unordered_map<std::string_view, std::list<Account>::iterator> by_owner_;
};

}  // namespace sidecar::mux
