#include "mux/core/child_rate.hpp"

#include <algorithm>
#include <cassert>

namespace sidecar::mux {

void ChildRate::set(Rate rate) {
  if (rate == rate_) return;
  rate_ = rate;
  calls_ = {};
  by_owner_.clear();
  accounts_.clear();
}

std::optional<ChildRate::Refusal> ChildRate::charge(std::string_view owner, Clock::time_point now) {
  assert(on());
  Account& account = account_of(owner, now);
  const double part_of_one = part();
  const auto passed = std::chrono::duration<double>(now - account.settled);
  const auto window = std::chrono::duration<double>(rate_.window);
  account.used = std::max(account.used - part_of_one * (passed / window), 0.0);
  account.settled = now;

  if (const auto wait = calls_.wait(rate_, now); wait > Clock::duration::zero())
    return Refusal{.wait = wait};
  const double beyond = account.used + 1 - part_of_one;
  const std::size_t quarter = std::max<std::size_t>(rate_.requests / 4, 1);
  const auto until_free = calls_.wait(rate_, now, std::min(quarter + 1, rate_.requests));
  const bool alone = accounts_.size() == 1;
  const bool leaves_a_quarter = quarter < rate_.requests && until_free == Clock::duration::zero();
  if (!alone && beyond > 0 && !leaves_a_quarter) {
    const auto until_part = std::chrono::ceil<Clock::duration>(window * (beyond / part_of_one));
    const bool sooner = quarter < rate_.requests && until_free < until_part;
    return Refusal{.wait = sooner ? until_free : until_part, .sharers = accounts_.size()};
  }
  calls_.consume(rate_, now);
  account.used += 1;
  return std::nullopt;
}

ChildRate::Account& ChildRate::account_of(std::string_view owner, Clock::time_point now) {
  if (const auto found = by_owner_.find(owner); found != by_owner_.end()) {
    accounts_.splice(accounts_.begin(), accounts_, found->second);
  } else {
    accounts_.push_front({.owner = std::string(owner), .settled = now});
    by_owner_.emplace(accounts_.front().owner, accounts_.begin());
  }
  accounts_.front().asked = now;
  while (accounts_.size() > kMaxOwners || now - accounts_.back().asked > rate_.window) {
    by_owner_.erase(accounts_.back().owner);
    accounts_.pop_back();
  }
  return accounts_.front();
}

double ChildRate::part() const {
  const auto equal = static_cast<double>(rate_.requests) / static_cast<double>(accounts_.size());
  return std::max(equal, 1.0);
}

}  // namespace sidecar::mux
