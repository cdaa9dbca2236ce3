#include "util/slices.hpp"

#include <algorithm>
#include <utility>

namespace sidecar {

void Slices::add(const std::string& owner, Step step) {
  waiting_[owner].push_back(std::move(step));
  if (!working_ && !resting_) work();
}

bool Slices::is_open(const std::string& owner) const {
  return std::any_of(open_.begin(), open_.end(),
                     [&owner](const Job& job) { return job.owner == owner; });
}

// Begins a job of each owner that has none open, in turn, up to kMaxOpen.
void Slices::begin_jobs() {
  auto next = waiting_.upper_bound(begun_);
  for (std::size_t seen = waiting_.size(); seen > 0 && open_.size() < kMaxOpen; --seen) {
    if (next == waiting_.end()) next = waiting_.begin();
    auto& [owner, steps] = *next;
    if (is_open(owner)) {
      ++next;
      continue;
    }
    begun_ = owner;
    open_.push_back({owner, std::move(steps.front())});
    steps.pop_front();
    next = steps.empty() ? waiting_.erase(next) : std::next(next);
  }
}

void Slices::work() {
  working_ = true;
  while (spent_ < kSlice) {
    begin_jobs();
    if (open_.empty()) break;
    if (const std::size_t cost = open_.front().step())
      spent_ += cost;
    else
      open_.pop_front();
  }
  working_ = false;
  if (spent_ < kSlice) return;
  if (!open_.empty()) std::rotate(open_.begin(), open_.begin() + 1, open_.end());
  resting_ = true;
  next_turn_ = timers_.after({}, [this] {
    spent_ = 0;
    resting_ = false;
    work();
  });
}

}  // namespace sidecar
