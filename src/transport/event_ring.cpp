#include "transport/event_ring.hpp"

namespace sidecar::transport {

RingBudget::RingBudget(Timers& timers, RingLimits limits, observe::Metrics& metrics)
    : timers_(timers), limits_(limits), dropped_(metrics.dropped("event_ring")) {}

void RingBudget::make_room() {
  while (bytes_ > limits_.all_bytes && !finished_.empty()) finished_.front().ring->clear();
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
  bytes_ += data.size();
  budget_.bytes_ += data.size();
  events_.push_back({++last_, std::move(data)});
  if (delivered) delivered_ = last_;
  while (events_.size() > 1 && (events_.size() > limits.events || bytes_ > limits.bytes)) pop();
  budget_.make_room();
  while (budget_.bytes_ > limits.all_bytes && !events_.empty()) pop();
  return last_;
}

void EventRing::finish() {
  if (finished_) return;
  finished_ = true;
  place_ = budget_.finished_.insert(budget_.finished_.end(), {this, budget_.timers_.now()});
  if (budget_.finished_.size() == 1) budget_.expire();
}

void EventRing::pop() {
  const Event& oldest = events_.front();
  bytes_ -= oldest.data.size();
  budget_.bytes_ -= oldest.data.size();
  if (oldest.number > delivered_) {
    delivered_ = oldest.number;
    budget_.dropped_.Increment();
  }
  events_.pop_front();
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

}  // namespace sidecar::transport
