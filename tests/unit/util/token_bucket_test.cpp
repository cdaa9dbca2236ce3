#include "util/token_bucket.hpp"

#include "support/catch.hpp"

using namespace sidecar;
using namespace std::chrono_literals;

TEST_CASE("token bucket: a full bucket can be used at once, and refills evenly") {
  const Rate rate{3, 60s};
  TokenBucket bucket;
  Clock::time_point now{1h};
  CHECK(bucket.remaining(rate, now) == 3);
  CHECK(bucket.until_full(now) == 0s);
  for (std::size_t left = 3; left-- > 0;) {
    CHECK(bucket.wait(rate, now) == 0s);
    bucket.consume(rate, now);
    CHECK(bucket.remaining(rate, now) == left);
  }
  CHECK(bucket.wait(rate, now) == 20s);
  CHECK(bucket.until_full(now) == 60s);
  now += 19s;
  CHECK(bucket.remaining(rate, now) == 0);
  CHECK(bucket.wait(rate, now) == 1s);
  now += 1s;
  CHECK(bucket.remaining(rate, now) == 1);
  CHECK(bucket.wait(rate, now) == 0s);
  now += 24h;
  CHECK(bucket.remaining(rate, now) == 3);
  CHECK(bucket.until_full(now) == 0s);
}

TEST_CASE("token bucket: rates that do not divide their window are kept too") {
  for (const Rate rate : {Rate{1, 1s}, Rate{7, 1s}, Rate{1'000'000, 1s}, Rate{999'983, 24h}}) {
    CAPTURE(rate.requests);
    TokenBucket bucket;
    const Clock::time_point now{1h};
    for (std::size_t i = 0; i < std::min<std::size_t>(rate.requests, 5); ++i)
      bucket.consume(rate, now);
    CHECK(bucket.remaining(rate, now) == rate.requests - std::min<std::size_t>(rate.requests, 5));
    CHECK((bucket.wait(rate, now) > 0s) == (bucket.remaining(rate, now) == 0));
    CHECK(bucket.remaining(rate, now + rate.window) == rate.requests);
  }
}
