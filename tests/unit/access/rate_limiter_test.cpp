#include "access/rate_limiter.hpp"

#include "support/catch.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;
using namespace std::chrono_literals;

TEST_CASE("rate limiter: each name has its own budget, and peek creates no bucket") {
  test::ManualTimers timers;
  access::RateLimiter limiter({2, 60s}, timers);
  CHECK(limiter.peek("a").remaining == 2);
  CHECK(limiter.size() == 0);
  limiter.consume("a");
  limiter.consume("a");
  CHECK(limiter.peek("a").remaining == 0);
  CHECK(limiter.peek("a").wait == 30s);
  CHECK(limiter.peek("a").reset == 60s);
  CHECK(limiter.peek("a").limit == 2);
  CHECK(limiter.peek("b").remaining == 2);
  CHECK(limiter.size() == 1);
  timers.advance(30s);
  CHECK(limiter.peek("a").remaining == 1);
  CHECK(timers.waiting() == 0);
}

TEST_CASE("rate limiter: full buckets are evicted as new ones are added") {
  test::ManualTimers timers;
  access::RateLimiter limiter({10, 60s}, timers);
  for (int i = 0; i < 100; ++i) limiter.consume("old " + std::to_string(i));
  CHECK(limiter.size() == 100);
  timers.advance(60s);
  for (int i = 0; i < 60; ++i) limiter.consume("new " + std::to_string(i));
  CHECK(limiter.size() == 60);
}

TEST_CASE("rate limiter: a full table evicts the least recently used bucket and never grows") {
  test::ManualTimers timers;
  access::RateLimiter limiter({2, 60s}, timers, 3);
  for (const char* name : {"a", "b", "c"}) limiter.consume(name);
  limiter.consume("a");
  limiter.consume("d");
  CHECK(limiter.size() == 3);
  CHECK(limiter.peek("a").remaining == 0);
  CHECK(limiter.peek("b").remaining == 2);  // forgotten
  CHECK(limiter.peek("c").remaining == 1);
  for (int i = 0; i < 1000; ++i) limiter.consume(std::to_string(i));
  CHECK(limiter.size() == 3);
}

TEST_CASE("rate limiter: a rate of off is off") {
  test::ManualTimers timers;
  CHECK_FALSE(access::RateLimiter({}, timers).on());
  CHECK(access::RateLimiter({1, 1s}, timers).on());
}
