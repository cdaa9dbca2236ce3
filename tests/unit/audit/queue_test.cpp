#include "audit/queue.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "unit/audit/world.hpp"

using namespace sidecar;
using audit::Queue;

TEST_CASE("audit queue: it is bounded in bytes, and takes again what fits once some is taken out") {
  const std::size_t size = test::record(1).bytes();  // as large as 3, 7, 9 and 11
  Queue queue(3 * size);
  for (const int number : {1, 3, 7}) CHECK(queue.push(test::record(number)));
  CHECK_FALSE(queue.push(test::record(9)));
  CHECK(queue.bytes() == 3 * size);
  const auto taken = queue.take(2);
  REQUIRE(taken.size() == 2);
  CHECK(taken[0] == test::record(1));
  CHECK(taken[1] == test::record(3));
  CHECK(queue.bytes() == size);
  CHECK(queue.push(test::record(11)));
}

TEST_CASE("audit queue: a closed one takes nothing in and gives out the rest") {
  Queue queue(1 << 20);
  CHECK(queue.push(test::record(1)));
  queue.close();
  CHECK_FALSE(queue.push(test::record(2)));
  queue.wait(Clock::time_point::max(), 100);  // does not wait
  CHECK(queue.take(10).size() == 1);
  CHECK(queue.take(10).empty());
}

TEST_CASE("audit queue: every record of one thread reaches the other, in order") {
  constexpr int kRecords = 20'000;
  Queue queue(64 << 10);
  std::vector<std::string> seen;
  std::thread reader([&] {
    for (;;) {
      queue.wait(Clock::time_point::max(), 1);
      const auto taken = queue.take(50);
      if (taken.empty() && queue.closed()) return;
      for (const audit::Record& record : taken) seen.push_back(record.id);
    }
  });
  for (int i = 0; i < kRecords; ++i) {
    while (!queue.push(test::record(i))) std::this_thread::yield();
  }
  queue.close();
  reader.join();
  REQUIRE(seen.size() == kRecords);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == kRecords);
}
