#include "mux/fair_queue.hpp"

#include "support/catch.hpp"

using namespace sidecar;

namespace {

std::vector<mux::WireId> drain(mux::FairQueue& queue) {
  std::vector<mux::WireId> ids;
  while (const auto id = queue.pop()) ids.push_back(*id);
  return ids;
}

}  // namespace

TEST_CASE("fair_queue: clients are served in turn, each in its own order") {
  prometheus::Gauge waiting;
  mux::FairQueue queue{waiting};
  for (const mux::WireId id : {10u, 11u, 12u}) queue.push(1, id, 1);
  for (const mux::WireId id : {20u, 21u}) queue.push(2, id, 1);
  queue.push(3, 30, 1);
  CHECK(drain(queue) == std::vector<mux::WireId>{10, 20, 30, 11, 21, 12});
  CHECK(queue.empty());
}

TEST_CASE("fair_queue: who comes anew is served after those who wait, also if it was served just now") {
  prometheus::Gauge waiting;
  mux::FairQueue queue{waiting};
  queue.push(1, 10, 1);
  queue.push(2, 20, 1);
  CHECK(queue.pop() == 10);
  queue.push(1, 11, 1);
  queue.push(3, 30, 1);
  CHECK(drain(queue) == std::vector<mux::WireId>{20, 11, 30});
}

TEST_CASE("fair_queue: calls without a session are a client like any other") {
  prometheus::Gauge waiting;
  mux::FairQueue queue{waiting};
  for (const mux::WireId id : {1u, 2u, 3u}) queue.push(mux::kNoClient, id, 1);
  queue.push(7, 70, 1);
  CHECK(drain(queue) == std::vector<mux::WireId>{1, 70, 2, 3});
}

TEST_CASE("fair_queue: a call that is taken out leaves the turns of the others as they are") {
  prometheus::Gauge waiting;
  mux::FairQueue queue{waiting};
  for (const mux::WireId id : {10u, 11u, 12u}) queue.push(1, id, 1);
  queue.push(2, 20, 1);
  queue.push(3, 30, 1);
  queue.remove(1, 11);
  queue.remove(2, 20);  // its last
  CHECK(drain(queue) == std::vector<mux::WireId>{10, 30, 12});
}

TEST_CASE("fair_queue: what is not there is not taken out") {
  prometheus::Gauge waiting;
  mux::FairQueue queue{waiting};
  queue.push(1, 10, 5);
  queue.remove(1, 11);
  queue.remove(2, 10);  // another client's
  CHECK(queue.bytes() == 5);
  CHECK(drain(queue) == std::vector<mux::WireId>{10});
  CHECK_FALSE(queue.pop());
}

TEST_CASE("fair_queue: bytes are counted in all and by client, whichever way calls go") {
  prometheus::Gauge waiting;
  mux::FairQueue queue{waiting};
  queue.push(1, 10, 100);
  queue.push(1, 11, 20);
  queue.push(2, 20, 3);
  CHECK(queue.bytes() == 123);
  CHECK(queue.bytes(1) == 120);
  CHECK(queue.bytes(2) == 3);
  CHECK(queue.bytes(3) == 0);
  queue.remove(1, 11);
  CHECK(queue.bytes(1) == 100);
  CHECK(queue.pop() == 10);
  CHECK(queue.bytes() == 3);
  CHECK(queue.bytes(1) == 0);
  queue.push(1, 12, 7);
  queue.clear();
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
  CHECK(queue.bytes(1) == 0);
  CHECK_FALSE(queue.pop());
}
