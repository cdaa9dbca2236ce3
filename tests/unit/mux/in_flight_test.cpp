#include "mux/core/in_flight.hpp"

#include "support/catch.hpp"

using namespace sidecar;
using namespace std::chrono_literals;

namespace {

mux::WireId open(mux::InFlight& calls, mux::ClientId client) {
  mux::Call call(client, mux::Reply("1", nullptr));
  const mux::WireId id = calls.open(std::move(call));
  calls.handed_over(id, id);
  return id;
}

}  // namespace

TEST_CASE(
    "in_flight: beyond the limit of abandoned calls, the origin stays uncertain until the child is "
    "gone") {
  mux::IdAllocator ids;
  mux::InFlight calls(ids);
  for (std::size_t i = 0; i <= mux::InFlight::kMaxLetGo; ++i) {
    const mux::WireId each = open(calls, 7);
    calls.withdraw(each, {});
    calls.abandon(each);
  }
  CHECK(calls.count(7) == 0);
  CHECK(calls.find(1) == nullptr);
  CHECK_FALSE(calls.answered_late(1));  // displaced by later ones
  for (mux::WireId each = 2; each < calls.next_id(); ++each) CHECK(calls.answered_late(each));
  open(calls, 8);
  CHECK_FALSE(calls.sole_origin());
  calls.child_gone();
  const mux::WireId id = calls.open(mux::Call(8, mux::Reply("2", nullptr)));
  calls.handed_over(id, 1);
  CHECK(calls.sole_origin() == 8);
}

TEST_CASE(
    "in_flight: a withdrawn call is not found by its client's id, and let go when its time is "
    "over") {
  mux::IdAllocator ids;
  mux::InFlight calls(ids);
  const mux::WireId id = open(calls, 1);
  CHECK(calls.find(1, "1") == id);
  CHECK(calls.earliest_due());
  const Clock::time_point until{std::chrono::hours(5)};
  calls.withdraw(id, until);
  CHECK_FALSE(calls.find(1, "1"));
  CHECK(calls.count(1) == 1);
  CHECK(calls.earliest_due() == until);
  REQUIRE(calls.expired(until) == std::vector{id});
  calls.abandon(id);
  CHECK(calls.count(1) == 0);
  CHECK_FALSE(calls.earliest_due());
  // The child may still work on it.
  CHECK(calls.sole_origin() == 1);
  CHECK(calls.answered_late(id));
  CHECK_FALSE(calls.answered_late(id));
  CHECK_FALSE(calls.sole_origin());
}

TEST_CASE(
    "in_flight: while a call is paused its deadline stands still, and begins anew after the last "
    "pause") {
  mux::IdAllocator ids;
  mux::InFlight calls(ids);
  const Clock::time_point start(1h);
  mux::Call call(1, mux::Reply("1", nullptr));
  call.timeout = 10s;
  call.due = start + 10s;
  call.last_due = start + 60s;
  const mux::WireId id = calls.open(std::move(call));
  calls.handed_over(id, 1);
  calls.pause(id);
  calls.pause(id);  // asked twice at once
  CHECK_FALSE(calls.earliest_due());
  CHECK(calls.expired(start + 24h).empty());
  CHECK_FALSE(calls.oldest_sent());
  calls.resume(id, start + 30s, 30s);
  CHECK_FALSE(calls.earliest_due());
  calls.resume(id, start + 45s, 45s);
  CHECK(calls.earliest_due() == start + 55s);
  CHECK(calls.find(id)->last_due == start + 135s);
  CHECK(calls.oldest_sent());
  calls.resume(id, start + 50s, 50s);  // one resume too many
  CHECK(calls.earliest_due() == start + 55s);
  CHECK(calls.find(id)->last_due == start + 135s);
}

TEST_CASE(
    "in_flight: progress of a paused call does not set its time going, and moves no deadline "
    "beyond the last") {
  mux::IdAllocator ids;
  mux::InFlight calls(ids);
  const Clock::time_point start(1h);
  mux::Call call(1, mux::Reply("1", nullptr));
  call.timeout = 10s;
  call.due = start + 10s;
  call.last_due = start + 15s;
  const mux::WireId id = calls.open(std::move(call));
  calls.handed_over(id, 1);
  calls.move_due(id, start + 12s);
  CHECK(calls.earliest_due() == start + 12s);
  calls.move_due(id, start + 20s);
  CHECK(calls.earliest_due() == start + 15s);
  calls.pause(id);
  calls.move_due(id, start + 14s);
  CHECK_FALSE(calls.earliest_due());
  calls.resume(id, start + 14s, 1s);
  CHECK(calls.earliest_due() == start + 16s);
}

TEST_CASE("in_flight: a call that ends or is withdrawn while it is paused leaves no deadline") {
  mux::IdAllocator ids;
  mux::InFlight calls(ids);
  const mux::WireId a = open(calls, 1), b = open(calls, 1);
  calls.pause(a);
  calls.pause(b);
  calls.close(a);
  calls.withdraw(b, Clock::time_point(2h));
  calls.resume(a, Clock::time_point(1h), 1s);
  calls.resume(b, Clock::time_point(1h), 1s);
  CHECK(calls.earliest_due() == Clock::time_point(2h));  // when it may be abandoned
  CHECK(calls.count(1) == 1);
}

TEST_CASE("in_flight: a call of another table keeps its id and whether it is paused") {
  mux::IdAllocator ids;
  mux::InFlight one(ids), other(ids);
  const mux::WireId a = one.open(mux::Call(1, mux::Reply("1", nullptr)));
  const mux::WireId b = other.open(mux::Call(1, mux::Reply("1", nullptr)));
  CHECK(b == a + 1);
  other.adopt(a, *one.close(a));
  CHECK(other.all() == std::vector<mux::WireId>{a, b});
  CHECK(other.count(1) == 2);
  CHECK(one.count(1) == 0);
  CHECK_FALSE(one.close(a));
}

TEST_CASE("in_flight: the origin is certain only while the child works for one client") {
  mux::IdAllocator ids;
  mux::InFlight calls(ids);
  CHECK_FALSE(calls.sole_origin());
  const mux::WireId a = open(calls, 1);
  CHECK(calls.sole_origin() == 1);
  const mux::WireId waiting = calls.open(mux::Call(2, mux::Reply("2", nullptr)));
  CHECK(calls.sole_origin() == 1);  // not at the child yet
  calls.handed_over(waiting, 77);
  CHECK_FALSE(calls.sole_origin());
  CHECK(calls.find_number(77) == waiting);
  calls.withdraw(waiting, {});
  CHECK_FALSE(calls.sole_origin());  // the child may still work on it
  CHECK(calls.sole_call(1) == a);
  CHECK_FALSE(calls.sole_call(2));
  calls.close(waiting);
  CHECK(calls.sole_origin() == 1);
  calls.work_begins(1);
  calls.close(a);
  CHECK(calls.sole_origin() == 1);  // a task
  calls.work_ends(1);
  CHECK_FALSE(calls.sole_origin());
  calls.work_ends(1);  // of a child that has ended
  CHECK_FALSE(calls.sole_origin());
}
