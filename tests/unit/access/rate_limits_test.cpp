#include "access/rate_limits.hpp"

#include "support/catch.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using access::RateLimitKeys;

namespace {

constexpr Rate rate(std::size_t requests) { return {requests, 60s}; }

}  // namespace

TEST_CASE("rate limits: without limits nothing is charged") {
  test::ManualTimers timers;
  access::RateLimits limits({}, timers);
  CHECK_FALSE(limits.on());
  CHECK_FALSE(limits.charge({"s", "alice", "192.0.2.1"}));
  CHECK(limits.budgets({"s", "alice", "192.0.2.1"}).empty());
  CHECK_FALSE(limits.wrong_key("192.0.2.1"));
}

TEST_CASE(
    "rate limits: each session has its own budget, and so has a key at an address without one") {
  test::ManualTimers timers;
  access::RateLimits limits({.session = rate(1)}, timers);
  const auto passes = [&](const RateLimitKeys& keys) { return limits.charge(keys)->passed; };
  CHECK(passes({"s1", "alice", "192.0.2.1"}));
  CHECK_FALSE(passes({"s1", "alice", "192.0.2.1"}));
  CHECK_FALSE(passes({"s1", "alice", "192.0.2.2"}));
  CHECK(passes({"s2", "alice", "192.0.2.1"}));
  CHECK(passes({"", "alice", "192.0.2.1"}));
  CHECK_FALSE(passes({"", "alice", "192.0.2.1"}));
  CHECK(passes({"", "alice", "192.0.2.2"}));
  CHECK(passes({"", "bob", "192.0.2.1"}));
  CHECK(passes({"", "", "192.0.2.1"}));
  CHECK_FALSE(passes({"", "", "192.0.2.1"}));
}

TEST_CASE("rate limits: a key counts at every address, an address for every key") {
  test::ManualTimers timers;
  access::RateLimits keys({.key = rate(1)}, timers);
  CHECK(keys.charge({"", "alice", "192.0.2.1"})->passed);
  CHECK_FALSE(keys.charge({"s", "alice", "192.0.2.2"})->passed);
  CHECK(keys.charge({"", "bob", "192.0.2.1"})->passed);
  CHECK_FALSE(keys.charge({"", "", "192.0.2.1"}));
  access::RateLimits addresses({.address = rate(1)}, timers);
  CHECK(addresses.charge({"", "alice", "192.0.2.1"})->passed);
  CHECK_FALSE(addresses.charge({"s", "bob", "192.0.2.1"})->passed);
  CHECK(addresses.charge({"", "alice", "192.0.2.2"})->passed);
}

TEST_CASE(
    "rate limits: a request that one budget refuses is charged to none; the longest wait is "
    "given") {
  test::ManualTimers timers;
  access::RateLimits limits({.session = rate(4), .key = rate(2), .address = rate(1)}, timers);
  const RateLimitKeys alice{"s1", "alice", "192.0.2.1"};
  auto line = limits.charge(alice);
  CHECK(line->passed);
  CHECK(line->scope == "address");
  line = limits.charge({"s1", "alice", "192.0.2.2"});
  CHECK(line->scope == "key");
  line = limits.charge(alice);
  CHECK_FALSE(line->passed);
  CHECK(line->scope == "address");
  CHECK(line->budget.wait == 60s);
  const auto budgets = limits.budgets(alice);
  REQUIRE(budgets.size() == 3);
  CHECK(budgets[0].scope == "session");
  CHECK(budgets[0].budget.remaining == 2);
  CHECK(budgets[1].budget.remaining == 0);
  CHECK(budgets[2].budget.remaining == 0);
}

TEST_CASE("rate limits: an IPv6 network of 64 bits shares one budget") {
  CHECK(access::address_bucket("2001:db8:1:2::7") ==
        access::address_bucket("2001:db8:1:2:ffff::1"));
  CHECK(access::address_bucket("2001:db8:1:2::7") != access::address_bucket("2001:db8:1:3::7"));
  CHECK(access::address_bucket("2001:db8:1:2::7") == "2001:db8:1:2::/64");
  CHECK(access::address_bucket("192.0.2.1") == "192.0.2.1");
  CHECK(access::address_bucket("::ffff:192.0.2.1") == "::ffff:192.0.2.1");
  CHECK(access::address_bucket("a name") == "a name");
}

TEST_CASE("rate limits: wrong keys of an address are counted until its budget is used up") {
  test::ManualTimers timers;
  access::RateLimits limits({.wrong_keys = rate(2)}, timers);
  CHECK_FALSE(limits.wrong_key("192.0.2.1"));
  CHECK_FALSE(limits.wrong_key("192.0.2.1"));
  const auto over = limits.wrong_key("192.0.2.1");
  REQUIRE(over);
  CHECK(over->wait == 30s);
  CHECK_FALSE(limits.wrong_key("192.0.2.2"));
  timers.advance(30s);
  CHECK_FALSE(limits.wrong_key("192.0.2.1"));
  CHECK(limits.wrong_key("192.0.2.1"));
}

TEST_CASE("rate limits: a new rate starts with full budgets, those of unchanged rates are kept") {
  test::ManualTimers timers;
  access::RateLimits limits({.session = rate(1), .key = rate(3)}, timers);
  const auto passes = [&] { return limits.charge({"s", "alice", "192.0.2.1"})->passed; };
  CHECK(passes());
  CHECK_FALSE(passes());
  limits.set_rates({.session = rate(5), .key = rate(3)});
  CHECK(passes());
  CHECK(passes());
  CHECK_FALSE(passes());  // the key's third was the last
  limits.set_rates({.session = rate(5), .key = rate(3)});
  CHECK_FALSE(passes());
  limits.set_rates({});
  CHECK_FALSE(limits.on());
  limits.set_rates({.address = rate(1)});
  CHECK(passes());
  CHECK_FALSE(passes());
}
