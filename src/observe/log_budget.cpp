#include "observe/log_budget.hpp"

#include <algorithm>
#include <utility>

namespace sidecar::observe {

bool LogBudget::take(std::size_t cost, std::size_t bytes) {
  if (!rate_.on()) return true;
  cost = std::min(cost, rate_.requests);
  const auto now = timers_.now();
  if (bucket_.wait(rate_, now, cost) == Clock::duration::zero()) {
    bucket_.consume(rate_, now, cost);
    return true;
  }
  if (lines_++ == 0) timer_ = timers_.after(kWindow, [this] { report(); });
  bytes_ += bytes;
  return false;
}

void LogBudget::report() {
  if (lines_ == 0) return;
  const std::uint64_t lines = std::exchange(lines_, 0);
  const std::uint64_t bytes = std::exchange(bytes_, 0);
  constexpr std::string_view kEvent = "child output left out of the log";
  if (child_.empty())
    log_.warn(kEvent, {{"stream", stream_}, {"lines", lines}, {"bytes", bytes}});
  else
    log_.warn(kEvent, {{"child", child_}, {"stream", stream_}, {"lines", lines}, {"bytes", bytes}});
}

}  // namespace sidecar::observe
