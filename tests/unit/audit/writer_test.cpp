#include "audit/writer.hpp"

#include <thread>

#include "unit/audit/world.hpp"

using namespace sidecar;
using namespace sidecar::audit;
using namespace std::chrono_literals;
using Kind = StoreError::Kind;

namespace {

// Short, to keep tests fast; no test depends on the values.
WriterTimes times() {
  WriterTimes times;
  times.gather = 0ms;
  times.retry = 1ms;
  times.retry_most = 5ms;
  times.held_retry = 1ms;
  return times;
}

struct World {
  explicit World(std::size_t spool_bytes = 64 << 20, std::size_t queue_bytes = 64 << 20)
      : queue(queue_bytes), spool_limit(spool_bytes) {}

  void start() {
    writer = std::make_unique<Writer>(queue, std::make_unique<test::FakeStore>(database), true,
                                      Spool::open(folder.path() / "spool", spool_limit).value(),
                                      Retention{}, times(), log, metrics);
  }
  void push(int first, int count) {
    for (int i = first; i < first + count; ++i) REQUIRE(queue.push(test::record(i)));
  }
  // Fails after 20 s, far beyond the time of a working run.
  template <class Condition>
  void eventually(Condition condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
    REQUIRE(condition());
  }
  std::size_t spooled() {
    auto spool = Spool::open(folder.path() / "spool", spool_limit).value();
    std::size_t count = 0;
    while (!spool.empty()) {
      count += spool.oldest().value().records.size();
      REQUIRE(spool.drop_oldest());
    }
    return count;
  }

  test::TemporaryFolder folder;
  test::FakeDatabase database;
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  Queue queue;
  const std::size_t spool_limit;
  std::unique_ptr<Writer> writer;
};

const StoreError kOut{Kind::kUnavailable, "out"};

}  // namespace

TEST_CASE("audit writer: after stop() every queued record is in the database once") {
  World w;
  w.push(0, 1'000);
  w.start();
  w.push(1'000, 2'345);
  w.writer->stop();
  REQUIRE(w.database.size() == 3'345);
  for (const auto& [id, times] : w.database.times) CHECK(times == 1);
  CHECK(w.metrics.audit_written.Value() == 3'345);
}

TEST_CASE("audit writer: while the database is unavailable, records wait in the spool") {
  World w;
  w.database.fail(kOut);
  w.start();
  w.push(0, 700);
  w.eventually([&] { return w.metrics.audit_spooled.Value() == 700; });
  CHECK(w.metrics.audit_up.Value() == 0);
  w.database.fail({});
  w.push(700, 100);
  w.eventually(
      [&] { return w.database.size() == 800 && w.metrics.audit_spool_bytes.Value() == 0; });
  CHECK(w.metrics.audit_up.Value() == 1);
  w.writer->stop();
  w.writer.reset();
  for (const auto& [id, times] : w.database.times) CHECK(times == 1);
  CHECK(w.spooled() == 0);
}

TEST_CASE("audit writer: after a lost answer records are inserted again under the same id") {
  World w;
  w.database.loses_answers = true;
  w.database.fail(kOut);
  w.start();
  w.push(0, 10);
  w.eventually([&] { return w.metrics.audit_spooled.Value() == 10; });
  w.database.fail({});
  w.eventually([&] { return w.metrics.audit_spool_bytes.Value() == 0; });
  w.writer->stop();
  CHECK(w.database.size() == 10);  // a real database keeps each id once
}

TEST_CASE("audit writer: a refused record does not delay the others") {
  World w;
  w.database.refused = test::record(7).id;
  w.push(0, 20);
  w.start();
  w.writer->stop();
  CHECK(w.database.size() == 19);
  CHECK(w.metrics.audit_dropped("refused").Value() == 1);
}

TEST_CASE("audit writer: at shutdown the rest is spooled for the next run") {
  World w;
  w.database.fail(kOut);
  w.start();
  w.push(0, 1'234);
  w.writer->stop();
  w.writer.reset();
  CHECK(w.database.size() == 0);
  w.database.fail({});
  Queue second(1 << 20);
  {
    Writer next(second, std::make_unique<test::FakeStore>(w.database), true,
                Spool::open(w.folder.path() / "spool", w.spool_limit).value(), Retention{}, times(),
                w.log, w.metrics);
    w.eventually(
        [&] { return w.database.size() == 1'234 && w.metrics.audit_spool_bytes.Value() == 0; });
  }
  CHECK(w.spooled() == 0);
}

TEST_CASE("audit writer: with database and spool unavailable, records wait in the bounded queue") {
  World w(1, 100 * test::record(0).bytes());
  w.database.fail(kOut);
  w.start();
  int pushed = 0;
  w.eventually([&] {
    if (!w.queue.push(test::record(pushed))) return true;
    ++pushed;
    return false;
  });
  w.database.fail({});
  w.eventually([&] { return w.database.size() == static_cast<std::size_t>(pushed); });
  w.writer->stop();
  CHECK(w.metrics.audit_dropped("end").Value() == 0);
}

TEST_CASE("audit writer: an owner beyond its share of the spool does not delay others") {
  const std::size_t line = to_json(test::record(0)).size() + 1;
  World w(100 * line);
  const auto push = [&](const std::string& key, int first, int count) {
    for (int i = first; i < first + count; ++i) {
      Record record = test::record(i);
      record.key = key;
      REQUIRE(w.queue.push(record));
    }
  };
  w.database.fail(kOut);
  w.start();
  push("mallory", 0, 500);
  w.eventually([&] { return w.metrics.audit_spooled.Value() >= 70; });
  const auto spooled = [&] { return w.metrics.audit_spooled.Value(); };
  const double of_mallory = spooled();
  push("alice", 500, 5);
  w.eventually([&] { return spooled() >= of_mallory + 5; });
  CHECK(w.metrics.audit_spool_bytes.Value() < static_cast<double>(100 * line));
  w.database.fail({});
  w.eventually([&] { return w.database.size() == 505 && w.queue.bytes() == 0; });
  w.writer->stop();
  for (const auto& [id, times] : w.database.times) CHECK(times == 1);
}

TEST_CASE("audit writer: at shutdown the spool accepts records regardless of shares") {
  const std::size_t line = to_json(test::record(0)).size() + 1;
  World w(100 * line);
  w.database.fail(kOut);
  for (int i = 0; i < 90; ++i) REQUIRE(w.queue.push(test::record(2 * i)));  // all alice's
  w.start();
  w.writer->stop();
  w.writer.reset();
  CHECK(w.metrics.audit_dropped("end").Value() == 0);
  CHECK(w.spooled() == 90);
}

TEST_CASE("audit writer: records that database and spool refuse at shutdown are counted as lost") {
  World w(1);
  w.database.fail(kOut);
  w.push(0, 1'200);
  w.start();
  w.writer->stop();
  CHECK(w.metrics.audit_dropped("end").Value() == 1'200);
}

TEST_CASE("audit writer: a database that fails intermittently gets every record") {
  World w;
  w.start();
  for (int i = 0; i < 100; ++i) {
    w.database.fail(i % 3 == 0 ? std::optional(kOut) : std::nullopt);
    w.push(i * 50, 50);
    std::this_thread::sleep_for(1ms);
  }
  w.database.fail({});
  w.eventually(
      [&] { return w.database.size() == 5'000 && w.metrics.audit_spool_bytes.Value() == 0; });
  w.writer->stop();
  CHECK(w.database.size() == 5'000);
}
