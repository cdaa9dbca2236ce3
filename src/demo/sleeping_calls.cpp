#include "demo/sleeping_calls.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <utility>

namespace sidecar::demo {

Clock::time_point SleepingCalls::Call::next() const {
  const int due = progress_token.is_null() ? kSteps : step + 1;
  return began + std::chrono::duration_cast<Clock::duration>(pause.duration * due / kSteps);
}

void SleepingCalls::start(Clock::time_point now, Json id, Json progress_token, Pause pause,
                          std::function<void(Json result)> done) {
  calls_.push_back(
      {std::move(id), std::move(progress_token), std::move(pause), std::move(done), now});
  report(calls_.back());
}

void SleepingCalls::cancel(const Json& id) {
  calls_.remove_if([&](const Call& call) { return call.id == id; });
}

std::optional<Clock::time_point> SleepingCalls::next_due() const {
  if (calls_.empty()) return std::nullopt;
  const auto soonest =
      std::min_element(calls_.begin(), calls_.end(),
                       [](const Call& a, const Call& b) { return a.next() < b.next(); });
  return soonest->next();
}

void SleepingCalls::run_due(Clock::time_point now) {
  for (auto call = calls_.begin(); call != calls_.end();) {
    while (call->next() <= now && call->step < kSteps) {
      call->step = call->progress_token.is_null() ? kSteps : call->step + 1;
      if (call->step < kSteps) report(*call);
    }
    if (call->step < kSteps) {
      ++call;
      continue;
    }
    call->done(std::move(call->pause.result));
    call = calls_.erase(call);
  }
}

void SleepingCalls::report(const Call& call) const {
  if (call.progress_token.is_null()) return;
  // Counts steps, not seconds, so that progress rises during a sleep of 0 s too.
  const std::string message = fmt::format("step {} of {} of a sleep of {} s", call.step, kSteps,
                                          call.pause.duration.count());
  send_(notification("notifications/progress", {{"progressToken", call.progress_token},
                                                {"progress", call.step},
                                                {"total", kSteps},
                                                {"message", message}}));
}

}  // namespace sidecar::demo
