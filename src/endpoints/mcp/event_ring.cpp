#include "endpoints/mcp/event_ring.hpp"

namespace sidecar::endpoints {

RingBudget::RingBudget(Timers& timers, RingLimits limits, observe::Metrics& metrics)
    : timers_(timers),
      limits_(limits),
      dropped_(metrics.dropped("event_ring")),
      shares_(limits.all_bytes) {}

void RingBudget::make_room(EventRing& pushed) {
  while (shares_.used() > limits_.all_bytes) {
    const Shares::Admission admission = shares_.admit(pushed.share_.owner(), 0);
    lose_oldest(accounts_.at(admission.from.value_or(pushed.share_.owner())));
  }
}

void RingBudget::lose_oldest(Account& account) {
  if (!account.finished.empty()) return account.finished.front()->clear();
  account.live.front()->pop();
}

void RingBudget::expire() {
  const Clock::time_point now = timers_.now();
  while (!finished_.empty() && finished_.front().at + limits_.finished_for <= now)
    finished_.front().ring->clear();
  if (finished_.empty()) return timer_.cancel();
  timer_ = timers_.after(finished_.front().at + limits_.finished_for - now, [this] { expire(); });
}

EventRing::~EventRing() { clear(); }

std::uint64_t EventRing::push(std::string data, bool delivered) {
  const RingLimits& limits = budget_.limits_;
  share_.set(bytes() + data.size());
  events_.push_back({++last_, std::move(data)});
  if (delivered) delivered_ = last_;
  list_in(&account().live);
  while (events_.size() > 1 && (events_.size() > limits.events || bytes() > limits.bytes)) pop();
  budget_.make_room(*this);
  return last_;
}

void EventRing::finish() {
  if (finished_) return;
  finished_ = true;
  place_ = budget_.finished_.insert(budget_.finished_.end(), {this, budget_.timers_.now()});
  if (!events_.empty()) list_in(&account().finished);
  if (budget_.finished_.size() == 1) budget_.expire();
}

void EventRing::pop() {
  const Event& oldest = events_.front();
  share_.set(bytes() - oldest.data.size());
  if (oldest.number > delivered_) {
    delivered_ = oldest.number;
    budget_.dropped_.Increment();
  }
  events_.pop_front();
  if (events_.empty()) list_in(nullptr);
}

void EventRing::list_in(RingBudget::Rings* rings) {
  if (listed_ != nullptr && rings != nullptr) {
    rings->splice(rings->end(), *listed_, at_);
  } else if (rings != nullptr) {
    at_ = rings->insert(rings->end(), this);
  } else if (listed_ != nullptr) {
    listed_->erase(at_);
    const auto account = budget_.accounts_.find(share_.owner());
    if (account->second.empty()) budget_.accounts_.erase(account);
  }
  listed_ = rings;
}

void EventRing::discard() {
  while (!events_.empty()) pop();
}

void EventRing::clear() {
  discard();
  if (!finished_ || place_ == budget_.finished_.end()) return;
  budget_.finished_.erase(place_);
  place_ = budget_.finished_.end();
}

}  // namespace sidecar::endpoints
