#include "mux/core/child_rate.hpp"

#include <fmt/format.h>

#include "support/catch.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using mux::ChildRate;

namespace {

struct World {
  explicit World(Rate its_rate) { rate.set(its_rate); }

  bool passes(std::string_view owner) { return !rate.charge(owner, now); }
  // Returns how many of `calls` simultaneous calls pass.
  int burst(std::string_view owner, int calls) {
    int passed = 0;
    for (int i = 0; i < calls; ++i) passed += passes(owner) ? 1 : 0;
    return passed;
  }

  ChildRate rate;
  Clock::time_point now = Clock::time_point() + 1h;
};

}  // namespace

TEST_CASE(
    "child_rate: a single owner may use all of it; a refusal says when the next call passes") {
  World w({4, 60s});
  CHECK(w.burst("a", 10) == 4);
  const auto refused = w.rate.charge("a", w.now);
  REQUIRE(refused);
  CHECK(refused->wait == 15s);
  CHECK(refused->sharers == 0);
  w.now += 15s;
  CHECK(w.burst("a", 2) == 1);
  w.now += 60s;
  CHECK(w.burst("a", 10) == 4);
}

TEST_CASE("child_rate: an owner that floods leaves the others their parts") {
  World w({60, 60s});
  CHECK(w.burst("flood", 100) == 60);
  int flood = 0;
  int other = 0;
  for (int second = 0; second < 120; ++second) {
    w.now += 1s;
    flood += w.burst("flood", 100);
    if (w.passes("other")) ++other;
  }
  // Nothing is reserved yet for the first call.
  CHECK(other >= 60);
  CHECK(flood + other <= 120);
  CHECK(flood + other >= 100);
}

TEST_CASE("child_rate: one call a second passes after another owner's flood") {
  World w({60, 60s});
  CHECK(w.burst("flood", 100) == 60);
  int other = 0;
  for (int second = 0; second < 20; ++second) {
    w.now += 1s;
    w.burst("flood", 100);
    if (w.passes("other")) ++other;
  }
  CHECK(other >= 19);
}

TEST_CASE("child_rate: beyond its part an owner leaves a quarter of the rate free") {
  World w({60, 60s});
  CHECK(w.passes("other"));
  CHECK(w.burst("a", 100) == 44);
  const auto refused = w.rate.charge("a", w.now);
  REQUIRE(refused);
  CHECK(refused->sharers == 2);
  CHECK(refused->wait == 1s);
  CHECK(w.burst("late", 100) == 15);
}

TEST_CASE("child_rate: an owner that made no call for a window no longer counts as a sharer") {
  World w({4, 60s});
  CHECK(w.burst("a", 4) == 2 + 2);
  CHECK_FALSE(w.passes("b"));
  CHECK(w.rate.owners() == 2);
  w.now += 60s;
  CHECK(w.passes("b"));
  w.now += 1s;
  CHECK(w.passes("b"));
  CHECK(w.rate.owners() == 1);
  CHECK(w.burst("b", 4) == 2);
}

TEST_CASE("child_rate: with more owners than calls each may make one") {
  World w({2, 60s});
  CHECK(w.passes("a"));
  CHECK(w.passes("b"));
  for (const char* owner : {"a", "b", "c"}) CHECK_FALSE(w.passes(owner));
  w.now += 30s;
  CHECK_FALSE(w.passes("a"));
  CHECK(w.passes("c"));
}

TEST_CASE("child_rate: a different rate resets the accounts, the same one does not") {
  World w({2, 60s});
  CHECK(w.burst("a", 3) == 2);
  w.rate.set({2, 60s});
  CHECK_FALSE(w.passes("a"));
  w.rate.set({3, 60s});
  CHECK(w.burst("a", 4) == 3);
  w.rate.set({});
  CHECK_FALSE(w.rate.on());
  CHECK(w.rate.owners() == 0);
}

TEST_CASE("child_rate: beyond the limit the oldest owners are forgotten") {
  World w({100'000, 60s});
  for (std::size_t i = 0; i < 2 * ChildRate::kMaxOwners; ++i) CHECK(w.passes(fmt::format("{}", i)));
  CHECK(w.rate.owners() == ChildRate::kMaxOwners);
}
