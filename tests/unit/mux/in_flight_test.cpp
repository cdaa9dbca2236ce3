#include "mux/in_flight.hpp"

#include "support/catch.hpp"

using namespace sidecar;

namespace {

mux::WireId open(mux::InFlight& calls, mux::ClientId client) {
  mux::Call call(client, mux::Reply("1", nullptr));
  const mux::WireId id = calls.open(std::move(call));
  calls.handed_over(id, id);
  return id;
}

}  // namespace

TEST_CASE(
    "in_flight: tombstones beyond the limit are let go, and the origin stays in doubt until the child is "
    "gone") {
  mux::Numbers numbers;
  mux::InFlight calls(numbers);
  for (std::size_t i = 0; i <= mux::InFlight::kMaxTombstones; ++i) calls.withdraw(open(calls, 7), {});
  CHECK(calls.count(7) == mux::InFlight::kMaxTombstones);
  CHECK(calls.live() == 0);
  CHECK(calls.find(1) == nullptr);
  for (mux::WireId id : calls.of_client(7)) calls.close(id);
  open(calls, 8);
  CHECK_FALSE(calls.sole_origin());
  calls.child_gone();
  const mux::WireId id = calls.open(mux::Call(8, mux::Reply("2", nullptr)));
  calls.handed_over(id, 1);
  CHECK(calls.sole_origin() == 8);
}

TEST_CASE("in_flight: a withdrawn call is not found by its client's id, and let go when its time is over") {
  mux::Numbers numbers;
  mux::InFlight calls(numbers);
  const mux::WireId id = open(calls, 1);
  CHECK(calls.find(1, "1") == id);
  CHECK(calls.earliest_due());
  const Clock::time_point until{std::chrono::hours(5)};
  calls.withdraw(id, until);
  CHECK_FALSE(calls.find(1, "1"));
  CHECK(calls.count(1) == 1);
  CHECK(calls.earliest_due() == until);
  REQUIRE(calls.expired(until) == std::vector{id});
  calls.let_go(id);
  CHECK(calls.count(1) == 0);
  CHECK_FALSE(calls.earliest_due());
  // The child may still work on it.
  CHECK(calls.sole_origin() == 1);
  CHECK(calls.answered_late(id));
  CHECK_FALSE(calls.answered_late(id));
  CHECK_FALSE(calls.sole_origin());
}
