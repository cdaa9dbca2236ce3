#include "mux/features/server_request_table.hpp"

#include "support/catch.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using Ids = std::vector<mux::PeerId>;

namespace {

mux::ServerRequest asked_of(mux::ClientId client, const char* child_id, Clock::duration due = 1h) {
  mux::ServerRequest request;
  request.client = client;
  request.child_id = child_id;
  request.due = Clock::time_point(due);
  return request;
}

}  // namespace

TEST_CASE("server_requests: only the asked client finds its request, until it is closed") {
  mux::IdAllocator ids;
  mux::ServerRequestTable all(ids);
  const mux::PeerId id = all.open(asked_of(1, "q"));
  REQUIRE(all.find(id, 1) != nullptr);
  CHECK(all.find(id, 1)->child_id == "q");
  CHECK(all.find(id, 2) == nullptr);
  CHECK(all.find(id + 1, 1) == nullptr);
  CHECK(all.close(id));
  CHECK_FALSE(all.close(id));
  CHECK(all.find(id, 1) == nullptr);
  CHECK(all.size() == 0);
}

TEST_CASE(
    "server_requests: ids are unique over all instances, and those of children are told by their "
    "bytes") {
  mux::IdAllocator ids;
  mux::ServerRequestTable one(ids), other(ids);
  const mux::PeerId a = one.open(asked_of(1, "1"));
  CHECK(other.next_id() == a + 1);
  CHECK(other.open(asked_of(1, "1")) == a + 1);
  const mux::PeerId b = one.open(asked_of(1, "\"1\""));
  CHECK(one.find_child_id("1") == a);
  CHECK(one.find_child_id("\"1\"") == b);
  CHECK_FALSE(one.find_child_id("1.0"));
  CHECK_FALSE(one.find_child_id(""));
}

TEST_CASE("server_requests: counted and listed by client") {
  mux::IdAllocator ids;
  mux::ServerRequestTable all(ids);
  const mux::PeerId a = all.open(asked_of(1, "1")), b = all.open(asked_of(2, "2")),
                    c = all.open(asked_of(1, "3"));
  CHECK(all.of_client(1) == Ids{a, c});
  CHECK(all.count(1) == 2);
  CHECK(all.all() == Ids{a, b, c});
  all.close(a);
  CHECK(all.of_client(1) == Ids{c});
  CHECK(all.count(1) == 1);
  CHECK(all.count(3) == 0);
}

TEST_CASE("server_requests: the earliest deadline counts, in whatever order they were asked") {
  mux::IdAllocator ids;
  mux::ServerRequestTable all(ids);
  CHECK_FALSE(all.earliest_due());
  const mux::PeerId late = all.open(asked_of(1, "1", 3h)), early = all.open(asked_of(1, "2", 1h));
  CHECK(all.earliest_due() == Clock::time_point(1h));
  CHECK(all.expired(Clock::time_point(1h - 1ns)).empty());
  CHECK(all.expired(Clock::time_point(1h)) == Ids{early});
  CHECK(all.expired(Clock::time_point(3h)).size() == 2);
  all.close(early);
  CHECK(all.earliest_due() == Clock::time_point(3h));
  all.close(late);
  CHECK_FALSE(all.earliest_due());
}

TEST_CASE(
    "url_elicitations: an id stays with its first client; the oldest of one owner is forgotten") {
  Shares shares(10);
  mux::UrlElicitations all;
  const auto add = [&](const char* id, mux::ClientId client, const char* owner) {
    all.add(id, client, shares.hold(owner));
  };
  add("E", 1, "a");
  add("E", 2, "b");
  CHECK(all.client("E") == 1);
  CHECK_FALSE(all.client("F"));
  CHECK(shares.held_by("b") == 0);
  add("F", 3, "b");
  add("G", 1, "a");
  CHECK(shares.held_by("a") == 2);
  CHECK(all.forget_oldest_of("a"));
  CHECK_FALSE(all.client("E"));
  CHECK(all.client("F") == 3);
  CHECK(all.client("G") == 1);
  CHECK_FALSE(all.forget_oldest_of("c"));
  add("E", 2, "b");  // it was forgotten, so it is new
  CHECK(all.client("E") == 2);
  all.clear();
  CHECK_FALSE(all.client("E"));
  CHECK(shares.used() == 0);
}
