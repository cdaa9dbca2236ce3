#include "endpoints/rest/slices.hpp"

#include <algorithm>
#include <utility>

namespace sidecar::endpoints {

void Slices::add(Step step) {
  jobs_.push_back(std::move(step));
  if (jobs_.size() == 1 && !working_) work();
}

void Slices::work() {
  working_ = true;
  for (std::size_t spent = 0; !jobs_.empty() && spent < kSlice;) {
    if (const std::size_t cost = jobs_.front()())  // which may add others behind it
      spent += cost;
    else
      jobs_.pop_front();
  }
  working_ = false;
  if (jobs_.empty()) return;
  std::rotate(jobs_.begin(), jobs_.begin() + 1, jobs_.end());
  timer_ = timers_.after({}, [this] { work(); });
}

}  // namespace sidecar::endpoints
