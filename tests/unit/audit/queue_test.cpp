#include "audit/queue.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "unit/audit/world.hpp"

using namespace sidecar;
using audit::Queue;

TEST_CASE("audit queue: bounded in bytes; released records make room again") {
  const std::size_t size = test::record(1).bytes();  // bob's; 3, 7, 9 and 11 have the same size
  Queue queue(4 * size);
  for (const int number : {1, 3, 7}) CHECK(queue.push(test::record(number)));
  CHECK_FALSE(queue.push(test::record(9)));
  CHECK(queue.bytes() == 3 * size);
  const auto taken = queue.take(2);
  REQUIRE(taken.size() == 2);
  CHECK(taken[0] == test::record(1));
  CHECK(taken[1] == test::record(3));
  CHECK_FALSE(queue.push(test::record(9)));  // taken records still count
  queue.release(taken);
  CHECK(queue.bytes() == size);
  CHECK(queue.push(test::record(11)));
}

TEST_CASE("audit queue: one owner's records leave room for those of others") {
  const auto of = [](std::string key) {
    audit::Record record = test::record(0);
    record.key = std::move(key);
    return record;
  };
  Queue queue(100 * of("mallory").bytes());
  int pushed = 0;
  while (queue.push(of("mallory"))) ++pushed;
  CHECK(pushed == 75);
  CHECK_FALSE(queue.reserve("mallory", of("mallory").bytes()));
  for (int i = 0; i < 18; ++i) CHECK(queue.push(of("alice")));
  CHECK(queue.push(of("")));  // without a key: the address's
  CHECK(queue.bytes() <= 100 * of("mallory").bytes());
}

TEST_CASE("audit queue: a reservation holds although others fill the queue") {
  audit::Record record = test::record(0);
  const std::size_t size = record.bytes();
  Queue queue(10 * size);
  CHECK(queue.reserve(record.owner(), 4 * size));
  audit::Record other = record;
  other.key = "mallo";
  while (queue.push(other)) {
  }
  CHECK_FALSE(queue.push(record));
  CHECK(queue.push(record, 4 * size));
  CHECK(queue.push(record));  // the unused rest of the reservation is free again
}

TEST_CASE("audit queue: a closed queue accepts no records and returns the rest") {
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
      queue.release(taken);
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
