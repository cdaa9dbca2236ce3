// RateLimiter: one token bucket for each name: a key, an address, a session. Names may be a
// client's to choose, so the table is bounded: buckets that are full again go first, for a new one
// is no different; when none is, the longest unused one goes, and its user begins anew. Owned by
// RateLimits; loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "util/token_bucket.hpp"

namespace sidecar::access {

// What is left to somebody.
struct Budget {
  std::size_t limit = 0;
  std::size_t remaining = 0;
  Clock::duration wait{};   // until what was asked for passes; zero when it does
  Clock::duration reset{};  // until all of it is there again
  Clock::duration window{};
};

class RateLimiter {
 public:
  static constexpr std::size_t kMaxBuckets = 65'536;  // about 10 MB

  // A rate that is off never refuses, and keeps nothing.
  RateLimiter(Rate rate, const Timers& timers, std::size_t most_buckets = kMaxBuckets)
      : rate_(rate), timers_(timers), most_(most_buckets) {}
  // The map's keys are views of the list's names.
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // With another rate everybody begins anew.
  void set_rate(Rate rate);
  bool on() const { return rate_.on(); }
  // What is left, and how long `requests` at once have to wait. Makes no bucket. Requires on().
  Budget peek(std::string_view name, std::size_t requests = 1) const;
  // Takes also what does not remain: ask peek() first. Requires on().
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
  std::list<Entry> buckets_;  // last used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name_;
};

}  // namespace sidecar::access
