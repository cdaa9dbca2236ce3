// ChildRate: how many calls may reach the children, of all clients together, for servers whose own
// service has such a limit. Shared between owners (observe::Caller::share_owner()) that have asked
// within the last window: one alone may have all. While there are others, an owner goes beyond its
// part, the rate divided by their number, only as long as a quarter of the rate stays free.
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
  // Owners that are told apart; beyond: the one that has not asked for longest is forgotten.
  static constexpr std::size_t kMaxOwners = 4096;

  struct Refusal {
    Clock::duration wait{};
    std::size_t sharers = 0;  // the owner has had its part of so many; 0: nobody may call now
  };

  // With another rate everybody begins anew.
  void set(Rate rate);
  const Rate& rate() const { return rate_; }
  bool on() const { return rate_.on(); }

  // Charges a call to its owner, or refuses it and charges nothing. REQUIRES: on().
  std::optional<Refusal> charge(std::string_view owner, Clock::time_point now);

  std::size_t owners() const { return accounts_.size(); }

 private:
  struct Account {
    std::string owner;
    Clock::time_point asked{};    // the last time
    Clock::time_point settled{};  // when `used` was right
    double used = 0;              // calls that its part has not made up for yet
  };

  Account& account_of(std::string_view owner, Clock::time_point now);
  // Of one owner, now: calls in a window.
  double part() const;

  Rate rate_{};
  TokenBucket calls_;            // of all
  std::list<Account> accounts_;  // who asked last comes first
  // the keys are views of the accounts' owners
  std::unordered_map<std::string_view, std::list<Account>::iterator> by_owner_;
};

}  // namespace sidecar::mux
