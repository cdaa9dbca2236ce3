#include "access/rate_limiter.hpp"

#include "support/catch.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;
using namespace std::chrono_literals;

TEST_CASE("rate limiter: each name has a budget of its own, and looking makes none") {
  test::ManualTimers timers;
  access::RateLimiter limiter({2, 60s}, timers);
  CHECK(limiter.look("a").remaining == 2);
  CHECK(limiter.size() == 0);
  limiter.take("a");
  limiter.take("a");
  CHECK(limiter.look("a").remaining == 0);
  CHECK(limiter.look("a").wait == 30s);
  CHECK(limiter.look("a").reset == 60s);
  CHECK(limiter.look("a").limit == 2);
  CHECK(limiter.look("b").remaining == 2);
  CHECK(limiter.size() == 1);
  timers.advance(30s);
  CHECK(limiter.look("a").remaining == 1);
  CHECK(timers.waiting() == 0);
}

TEST_CASE("rate limiter: buckets that are full again go as new ones come") {
  test::ManualTimers timers;
  access::RateLimiter limiter({10, 60s}, timers);
  for (int i = 0; i < 100; ++i) limiter.take("old " + std::to_string(i));
  CHECK(limiter.size() == 100);
  timers.advance(60s);
  for (int i = 0; i < 60; ++i) limiter.take("new " + std::to_string(i));
  CHECK(limiter.size() == 60);
}

TEST_CASE("rate limiter: a full table lets the longest unused bucket go, and never grows") {
  test::ManualTimers timers;
  access::RateLimiter limiter({2, 60s}, timers, 3);
  for (const char* name : {"a", "b", "c"}) limiter.take(name);
  limiter.take("a");
  limiter.take("d");
  CHECK(limiter.size() == 3);
  CHECK(limiter.look("a").remaining == 0);
  CHECK(limiter.look("b").remaining == 2);  // forgotten
  CHECK(limiter.look("c").remaining == 1);
  for (int i = 0; i < 1000; ++i) limiter.take(std::to_string(i));
  CHECK(limiter.size() == 3);
}

TEST_CASE("rate limiter: an off rate is off") {
  test::ManualTimers timers;
  CHECK_FALSE(access::RateLimiter({}, timers).on());
  CHECK(access::RateLimiter({1, 1s}, timers).on());
}
