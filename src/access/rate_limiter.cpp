#include "access/rate_limiter.hpp"

#include <cassert>

namespace sidecar::access {
namespace {

// Buckets examined for each new one. With two, full buckets are evicted faster than new ones are
// added.
constexpr int kLooks = 2;

}  // namespace

void RateLimiter::set_rate(Rate rate) {
  if (rate == rate_) return;
  by_name_.clear();
  buckets_.clear();
  rate_ = rate;
}

Budget RateLimiter::peek(std::string_view name, std::size_t requests) const {
  assert(on());
  const auto found = by_name_.find(name);
  const TokenBucket bucket = found == by_name_.end() ? TokenBucket() : found->second->bucket;
  const Clock::time_point now = timers_.now();
  return {rate_.requests, bucket.remaining(rate_, now), bucket.wait(rate_, now, requests),
          bucket.until_full(now), rate_.window};
}

void RateLimiter::consume(std::string_view name, std::size_t requests) {
  assert(on());
  const Clock::time_point now = timers_.now();
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  } else {
    make_room(now);
    buckets_.push_front({std::string(name), {}});
    by_name_.emplace(buckets_.front().name, buckets_.begin());
  }
  buckets_.front().bucket.consume(rate_, now, requests);
}

// A bucket is full at most one window after its last use, so the oldest ones are examined.
void RateLimiter::make_room(Clock::time_point now) {
  for (int look = 0; look < kLooks && !buckets_.empty(); ++look) {
    if (buckets_.back().bucket.until_full(now) > Clock::duration::zero()) break;
    drop_oldest();
  }
  if (buckets_.size() >= most_) drop_oldest();
}

void RateLimiter::drop_oldest() {
  by_name_.erase(buckets_.back().name);
  buckets_.pop_back();
}

}  // namespace sidecar::access
