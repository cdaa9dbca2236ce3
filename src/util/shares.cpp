#include "util/shares.hpp"

#include <fmt/format.h>
#include <utility>

namespace sidecar {

Shares::Holding::Holding(Holding&& other) noexcept
    : shares_(std::exchange(other.shares_, nullptr)),
      account_(other.account_),
      amount_(std::exchange(other.amount_, 0)) {}

Shares::Holding& Shares::Holding::operator=(Holding&& other) noexcept {
  if (this == &other) return *this;
  release();
  shares_ = std::exchange(other.shares_, nullptr);
  account_ = other.account_;
  amount_ = std::exchange(other.amount_, 0);
  return *this;
}

void Shares::Holding::set(std::size_t amount) {
  const std::size_t before = std::exchange(amount_, amount);
  shares_->used_ = shares_->used_ - before + amount;
  account_->second.held = account_->second.held - before + amount;
}

void Shares::Holding::release() {
  if (shares_ == nullptr) return;
  set(0);
  if (--account_->second.holdings == 0)
    shares_->accounts_.erase(shares_->accounts_.find(account_->first));
  shares_ = nullptr;
}

Shares::Holding Shares::hold(std::string_view owner) {
  auto found = accounts_.find(owner);
  if (found == accounts_.end()) found = accounts_.try_emplace(std::string(owner)).first;
  ++found->second.holdings;
  return {*this, *found};
}

std::size_t Shares::held_by(std::string_view owner) const {
  const auto found = accounts_.find(owner);
  return found == accounts_.end() ? 0 : found->second.held;
}

Shares::Admission Shares::admit(std::string_view owner, std::size_t more) const {
  const auto found = accounts_.find(owner);
  return admit(found == accounts_.end() ? nullptr : &*found, more);
}

Shares::Admission Shares::admit(const Holding& holding, std::size_t more) const {
  return admit(holding.account_, more);
}

Shares::Admission Shares::admit(const Accounts::value_type* account, std::size_t more) const {
  const std::size_t held = account == nullptr ? 0 : account->second.held;
  const bool room = used_ <= limit_ && more <= limit_ - used_;
  const bool alone = held == used_;
  const bool within_share = more <= quarter() && held <= quarter() - more;
  const bool leaves_a_quarter = room && limit_ - used_ - more >= quarter();
  if (room && (alone || within_share || leaves_a_quarter)) return {.fits = true};
  const Accounts::value_type* largest = nullptr;
  for (const auto& each : accounts_) {
    if (&each != account && (largest == nullptr || each.second.held > largest->second.held))
      largest = &each;
  }
  if (largest == nullptr) return {};
  // Who holds no more than another one need not leave a quarter free either: that other one does
  // not.
  if (room && held + more <= largest->second.held) return {.fits = true};
  if (largest->second.held <= held + more) return {};
  return {.fits = false, .from = largest->first};
}

bool Shares::leaves_room(std::string_view owner, std::size_t more) const {
  if (used_ > limit_ || more > limit_ - used_) return false;
  return (held_by(owner) + more) / 3 <= limit_ - used_ - more;
}

std::string shares_text(const Shares& shares, std::string_view owner, bool has_key,
                        std::string_view what, std::string_view setting) {
  return fmt::format("your {} holds {} of {} {}, {} are in use ({})", has_key ? "key" : "address",
                     shares.held_by(owner), shares.limit(), what, shares.used(), setting);
}

}  // namespace sidecar
