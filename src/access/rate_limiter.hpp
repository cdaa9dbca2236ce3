// RateLimiter: one token bucket per name: a key, an address, a session. Clients may choose names,
// so the table is bounded. Buckets that are full again are evicted first, because a new one is
// equal to them; otherwise the least recently used one is evicted, and its user starts with a full
// budget. Owned by RateLimits; loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "util/token_bucket.hpp"

namespace sidecar::access {

// What is left in a bucket.
struct Budget {
  std::size_t limit = 0;
  std::size_t remaining = 0;
  Clock::duration wait{};   // until the request would pass; zero if it passes now
  Clock::duration reset{};  // until the bucket is full
  Clock::duration window{};
};

class RateLimiter {
 public:
  static constexpr std::size_t kMaxBuckets = 65'536;  // about 10 MB

  // If the rate is off, peek() and consume() must not be called.
  RateLimiter(Rate rate, const Timers& timers, std::size_t most_buckets = kMaxBuckets)
      : rate_(rate), timers_(timers), most_(most_buckets) {}
  // Not copyable: the map's keys are views of the list's names.
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // A different rate resets all buckets.
  void set_rate(Rate rate);
  bool on() const { return rate_.on(); }
  // What is left, and how long `requests` at once must wait. Creates no bucket. REQUIRES: on().
  Budget peek(std::string_view name, std::size_t requests = 1) const;
  // Also takes what is not left: call peek() first. REQUIRES: on().
  void consume(std::string_view name, std::size_t requests = 1);

  std::size_t size() const { return buckets_.size(); }

 private:
  struct Entry {
    std::string name;
    TokenBucket bucket;
  };
  void make_room(Clock::time_point now);
  void drop_oldest();

  Rate rate_;
  const Timers& timers_;
  const std::size_t most_;
  std::list<Entry> buckets_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name_;
};

}  // namespace sidecar::access
