#include "observe/rate_limited_log.hpp"

#include <utility>
#include <variant>

namespace sidecar::observe {

void RateLimitedLog::warn(std::string_view event, Log::Fields fields) {
  if (!log_.enabled(LogLevel::kWarn)) return;
  Kind kind = kind_of(event, fields);
  if (const auto known = held_back_.find(kind); known != held_back_.end()) {
    ++known->second;
  } else if (held_back_.size() == kMaxKinds) {
    ++others_;
  } else {
    log_.warn(event, fields);
    held_back_.emplace(std::move(kind), 0);
    if (held_back_.size() == 1) arm();
  }
}

RateLimitedLog::Kind RateLimitedLog::kind_of(std::string_view event, Log::Fields fields) {
  Kind kind{std::string(event)};
  for (const LogField& field : fields) {
    const auto* const text = std::get_if<std::string_view>(&field.value);
    if (text == nullptr) continue;
    if (field.key == "reason" || field.key == "limit") kind[1] = text->substr(0, kMaxField);
    if (field.key == "address") kind[2] = text->substr(0, kMaxField);
    if (field.key == "key") kind[3] = text->substr(0, kMaxField);
  }
  return kind;
}

void RateLimitedLog::arm() {
  timer_ = timers_.after(kWindow, [this] {
    report();
    if (!held_back_.empty()) arm();
  });
}

void RateLimitedLog::report() {
  for (auto each = held_back_.begin(); each != held_back_.end();) {
    const auto& [event, reason, address, key] = each->first;
    if (each->second == 0) {
      each = held_back_.erase(each);
      continue;
    }
    const std::uint64_t repeated = std::exchange(each->second, 0);
    if (key.empty())
      log_.warn(event, {{"reason", reason}, {"address", address}, {"repeated", repeated}});
    else
      log_.warn(event,
                {{"reason", reason}, {"address", address}, {"key", key}, {"repeated", repeated}});
    ++each;
  }
  if (others_ > 0) log_.warn("further warnings suppressed", {{"count", std::exchange(others_, 0)}});
}

}  // namespace sidecar::observe
