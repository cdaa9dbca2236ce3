#include "session/stream_limit.hpp"

#include <vector>

#include "support/catch.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;
using session::StreamLimit;

namespace {

struct World {
  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::RateLimitedLog refusals{log, timers};
  observe::Metrics metrics;
};

}  // namespace

TEST_CASE("stream_limit: so many of one address, and one that closes makes room") {
  World w;
  StreamLimit limit(2, w.refusals, w.metrics);
  auto first = limit.take("a");
  const auto second = limit.take("a");
  CHECK((first && second));
  CHECK_FALSE(limit.take("a"));
  CHECK(w.metrics.refused("streams_per_address").Value() == 1);
  CHECK(limit.take("b"));
  first.reset();
  CHECK(limit.take("a"));
}

TEST_CASE("stream_limit: open streams are counted, in all and by address") {
  World w;
  StreamLimit limit(0, w.refusals, w.metrics);
  CHECK(limit.size() == 0);
  auto first = limit.take("a"), second = limit.take("b"), third = limit.take("a");
  CHECK(limit.size() == 3);
  CHECK(limit.by_address() == StreamLimit::Addresses{{"a", 2}, {"b", 1}});
  first = std::move(third);  // as when a stream is replaced
  CHECK(limit.by_address() == StreamLimit::Addresses{{"a", 1}, {"b", 1}});
  third.reset();
  second.reset();
  CHECK(limit.size() == 1);
  first.reset();
  CHECK(limit.size() == 0);
  CHECK(limit.by_address().empty());
}

TEST_CASE("stream_limit: a stream may replace one of the same address beyond the limit") {
  World w;
  StreamLimit limit(1, w.refusals, w.metrics);
  std::optional<StreamLimit::Ticket> held = limit.take("a");
  CHECK(limit.take("a", held));
  const auto elsewhere = limit.take("b");
  CHECK_FALSE(limit.take("b", held));
  held = limit.take("a", held);
  CHECK(held);
  CHECK_FALSE(limit.take("a"));
}

TEST_CASE("stream_limit: 0 is no limit") {
  World w;
  StreamLimit limit(0, w.refusals, w.metrics);
  std::vector<std::optional<StreamLimit::Ticket>> held;
  for (int i = 0; i < 1000; ++i) held.push_back(limit.take("a"));
  CHECK(held.back());
}

TEST_CASE(
    "stream_limit: a lower limit ends no stream, and lets no other in before they have ended") {
  World w;
  StreamLimit limit(0, w.refusals, w.metrics);
  auto first = limit.take("a");
  auto second = limit.take("a");
  limit.set_most(1);
  CHECK_FALSE(limit.take("a"));
  first.reset();
  CHECK_FALSE(limit.take("a"));
  second.reset();
  CHECK(limit.take("a"));
  limit.set_most(0);
  CHECK((limit.take("a") && limit.take("a")));
}
