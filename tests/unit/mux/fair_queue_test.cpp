#include "mux/core/fair_queue.hpp"

#include "support/catch.hpp"

using namespace sidecar;
using Ids = std::vector<mux::WireId>;

namespace {

struct World {
  void push(std::string_view owner, mux::ClientId client, mux::WireId id, std::size_t bytes = 1) {
    queue.push(owners.get(owner), client, id, bytes);
  }
  Ids drain() {
    Ids ids;
    while (const auto next = queue.pop()) ids.push_back(next->id);
    return ids;
  }

  mux::Owners owners{100, 100, 1000};
  prometheus::Gauge gauge;
  mux::FairQueue queue{gauge};
};

}  // namespace

TEST_CASE("fair_queue: the sessions of one owner are served in turn, each in its own order") {
  World w;
  for (const mux::WireId id : {10u, 11u, 12u}) w.push("a", 1, id);
  for (const mux::WireId id : {20u, 21u}) w.push("a", 2, id);
  w.push("a", 3, 30);
  CHECK(w.drain() == Ids{10, 20, 30, 11, 21, 12});
  CHECK(w.queue.empty());
}

TEST_CASE("fair_queue: owners are served in turn, however many sessions they have") {
  World w;
  for (const mux::WireId id : {10u, 20u, 30u, 40u}) w.push("a", id / 10, id);
  w.push("a", 1, 11);
  for (const mux::WireId id : {50u, 51u}) w.push("b", 5, id);
  w.push("c", 6, 60);
  CHECK(w.drain() == Ids{10, 50, 60, 20, 51, 30, 40, 11});
}

TEST_CASE(
    "fair_queue: a new session is served after those that wait, even if it was served just "
    "before") {
  World w;
  w.push("a", 1, 10);
  w.push("b", 2, 20);
  CHECK(w.queue.pop()->id == 10);
  w.push("a", 1, 11);
  w.push("c", 3, 30);
  CHECK(w.drain() == Ids{20, 11, 30});
}

TEST_CASE("fair_queue: an owner's calls without a session count as one session") {
  World w;
  for (const mux::WireId id : {1u, 2u, 3u}) w.push("a", mux::kNoClient, id);
  w.push("a", 7, 70);
  w.push("b", mux::kNoClient, 80);
  CHECK(w.drain() == Ids{1, 80, 70, 2, 3});
}

TEST_CASE("fair_queue: messages that are not calls keep their place among their session's calls") {
  World w;
  w.push("a", 1, 10);
  w.queue.push(w.owners.get("a"), 1, "notification");
  w.push("a", 1, 11);
  CHECK(w.queue.calls() == 2);
  CHECK(w.queue.pop()->id == 10);
  const auto message = w.queue.pop();
  REQUIRE(message);
  CHECK(message->id == 0);
  CHECK(message->line == "notification");
  CHECK(message->bytes == mux::FairQueue::bytes_of("notification"));
  CHECK(w.drain() == Ids{11});
}

TEST_CASE("fair_queue: removing a call does not change the turns of the others") {
  World w;
  for (const mux::WireId id : {10u, 11u, 12u}) w.push("a", 1, id);
  w.push("b", 2, 20);
  w.push("c", 3, 30);
  w.queue.remove(*w.owners.get("a"), 1, 11);
  w.queue.remove(*w.owners.get("b"), 2, 20);  // its last call
  CHECK(w.drain() == Ids{10, 30, 12});
}

TEST_CASE("fair_queue: the newest of an owner is the last pushed over all of its sessions") {
  World w;
  w.push("a", 1, 10);
  w.push("a", 2, 20);
  w.push("a", 1, 11);
  w.push("b", 3, 30);
  const mux::OwnerPtr a = w.owners.get("a");
  CHECK(w.queue.pop_newest(*a)->id == 11);
  CHECK(w.queue.pop_newest(*a)->id == 20);
  CHECK(w.queue.pop_newest(*a)->id == 10);
  CHECK_FALSE(w.queue.pop_newest(*a));
  CHECK(w.drain() == Ids{30});
}

TEST_CASE("fair_queue: removing an unknown call changes nothing") {
  World w;
  w.push("a", 1, 10, 5);
  w.queue.remove(*w.owners.get("a"), 1, 11);
  w.queue.remove(*w.owners.get("a"), 2, 10);  // another session's
  w.queue.remove(*w.owners.get("b"), 1, 10);  // another owner's
  CHECK(w.queue.bytes() == 5);
  CHECK(w.drain() == Ids{10});
  CHECK_FALSE(w.queue.pop());
}

TEST_CASE(
    "fair_queue: bytes are counted in total, by session and by owner, however calls are removed") {
  World w;
  const mux::OwnerPtr a = w.owners.get("a"), b = w.owners.get("b");
  w.push("a", 1, 10, 100);
  w.push("a", 1, 11, 20);
  w.push("a", 2, 20, 3);
  w.push("b", 3, 30, 4);
  CHECK(w.queue.bytes() == 127);
  CHECK(w.queue.bytes(*a, 1) == 120);
  CHECK(w.queue.bytes(*a, 2) == 3);
  CHECK(w.queue.bytes(*b, 1) == 0);
  CHECK(w.owners.waiting.held_by("a") == 123);
  w.queue.remove(*a, 1, 11);
  CHECK(w.queue.bytes(*a, 1) == 100);
  CHECK(w.queue.pop()->id == 10);
  CHECK(w.queue.bytes() == 7);
  CHECK(w.owners.waiting.held_by("a") == 3);
  w.queue.push(b, 3, "message");
  CHECK(w.queue.clear() == 1);
  CHECK(w.queue.empty());
  CHECK(w.queue.calls() == 0);
  CHECK(w.queue.bytes() == 0);
  CHECK(w.owners.waiting.used() == 0);
  CHECK_FALSE(w.queue.pop());
}
