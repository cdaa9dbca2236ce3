#include "util/shares.hpp"

#include "support/catch.hpp"

namespace sidecar {
namespace {

Shares::Holding held(Shares& shares, std::string_view owner, std::size_t amount) {
  Shares::Holding holding = shares.hold(owner);
  holding.set(amount);
  return holding;
}

TEST_CASE("shares: a single owner may hold everything, but not more") {
  Shares shares(100);
  const auto a = held(shares, "a", 99);
  CHECK(shares.admit("a", 1).fits);
  CHECK_FALSE(shares.admit("a", 2).fits);
  CHECK_FALSE(shares.admit("a", 2).from);
}

TEST_CASE("shares: the largest owner must release to a new one until both hold the same") {
  Shares shares(100);
  auto a = held(shares, "a", 100);
  auto b = shares.hold("b");
  for (std::size_t amount = 0; amount < 49; ++amount) {
    const auto admission = shares.admit("b", 1);
    REQUIRE_FALSE(admission.fits);
    REQUIRE(admission.from == "a");
    a.set(a.amount() - 1);
    b.set(b.amount() + 1);
  }
  CHECK(shares.admit("b", 1).from == "a");  // 51 and 49
  a.set(50);
  CHECK(shares.admit("b", 1).fits);
  b.set(50);
  CHECK_FALSE(shares.admit("b", 1).fits);
  CHECK_FALSE(shares.admit("b", 1).from);
  CHECK_FALSE(shares.admit("a", 1).from);
}

TEST_CASE("shares: beyond its quarter, an owner must leave a quarter free for present owners") {
  Shares shares(100);
  const auto b = held(shares, "b", 1);
  auto a = held(shares, "a", 73);
  CHECK(shares.admit("a", 1).fits);
  a.set(74);
  CHECK_FALSE(shares.admit("a", 1).fits);
  CHECK_FALSE(shares.admit("a", 1).from);
  CHECK(shares.admit("b", 24).fits);  // its quarter, although nobody releases anything
}

TEST_CASE("shares: no owner must release to one that would then hold more") {
  Shares shares(100);
  const auto a = held(shares, "a", 60);
  const auto b = held(shares, "b", 40);
  CHECK(shares.admit("b", 19).from == "a");
  CHECK_FALSE(shares.admit("b", 20).from);
  CHECK_FALSE(shares.admit("c", 61).fits);
  CHECK_FALSE(shares.admit("c", 61).from);
  CHECK(shares.admit("c", 1).from == "a");
}

TEST_CASE("shares: a holding releases its amount at its end, also after a move") {
  Shares shares(10);
  {
    auto first = held(shares, "a", 4);
    auto second = std::move(first);
    CHECK_FALSE(first);
    CHECK(shares.held_by("a") == 4);
    second = held(shares, "b", 3);
    CHECK(shares.held_by("a") == 0);
    CHECK(shares.used() == 3);
    CHECK(second.owner() == "b");
  }
  CHECK(shares.used() == 0);
  CHECK(shares.held_by("b") == 0);
}

TEST_CASE("shares: under small and lowered limits, each owner can still get one") {
  Shares shares(2);
  CHECK(shares.quarter() == 1);
  const auto a = held(shares, "a", 2);
  CHECK(shares.admit("b", 1).from == "a");
  shares.set_limit(1);
  CHECK_FALSE(shares.admit("a", 1).fits);
  CHECK(shares.admit("b", 1).from == "a");
}

TEST_CASE("shares: leaves_room() allows an owner three times what stays free") {
  Shares shares(100);
  auto a = held(shares, "a", 74);
  CHECK(shares.leaves_room("a", 1));
  CHECK_FALSE(shares.leaves_room("a", 2));
  a.set(75);
  auto b = held(shares, "b", 17);
  CHECK(shares.leaves_room("b", 1));
  b.set(18);
  CHECK_FALSE(shares.leaves_room("b", 2));
  CHECK(shares.leaves_room("c", 5));
  CHECK_FALSE(shares.leaves_room("c", 8));
}

TEST_CASE("shares: the refusal names the owner's amount, the limit and the setting") {
  Shares shares(1000);
  const auto a = held(shares, "a", 750), b = held(shares, "b", 1);
  CHECK(shares_text(shares, "a", true, "sessions", "MCP_MAX_CONNECTIONS") ==
        "your key holds 750 of 1000 sessions, 751 are in use (MCP_MAX_CONNECTIONS)");
}

}  // namespace
}  // namespace sidecar
