// Sample records for tests of the audit log, and a store that the test plays.
#pragma once

#include <fmt/format.h>
#include <map>
#include <mutex>
#include <optional>

#include "audit/audit_log.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_folder.hpp"

namespace sidecar::test {

// A record identified by `number`, one second later than the one before.
inline audit::Record record(int number) {
  audit::Record record;
  record.id = fmt::format("id-{:06}", number);
  record.time = 1'800'000'000'000'000 + std::int64_t{1'000'000} * number + 123'456;
  record.key = number % 2 == 0 ? "alice" : "bob";
  record.address = "192.0.2.1";
  record.session = "01234567";
  record.client = "client \"x\"";
  record.client_version = "1.0";
  record.transport = "sse";
  record.method = "tools/call";
  record.tool = fmt::format("tool-{}", number % 3);
  record.arguments = R"({"text":"one\ntwo","nul":"\u0000"})";
  record.outcome = number % 5 == 0 ? "error" : "ok";
  record.duration = 1'000 + number;
  record.request_bytes = 100;
  record.answer_bytes = 200;
  record.error = number % 5 == 0 ? "it's wrong; ünïcode" : "";
  return record;
}

inline std::vector<audit::Record> records(int first, int count) {
  std::vector<audit::Record> all;
  for (int i = first; i < first + count; ++i) all.push_back(record(i));
  return all;
}

// Shared with the writer's thread.
struct FakeDatabase {
  std::mutex mutex;
  std::map<std::string, int> times;  // id → how often it was in an accepted insert
  std::optional<audit::StoreError> error;
  std::string refused;         // the id of a record that is never accepted
  bool loses_answers = false;  // stores the records but reports a failure
  int inserts = 0;

  std::size_t size() {
    const std::lock_guard lock(mutex);
    return times.size();
  }
  void fail(std::optional<audit::StoreError> with) {
    const std::lock_guard lock(mutex);
    error = std::move(with);
  }
};

class FakeStore : public audit::Store {
 public:
  explicit FakeStore(FakeDatabase& database) : database_(database) {}

  audit::StoreResult<void> open(Clock::time_point) override { return {}; }
  audit::StoreResult<void> insert(std::span<const audit::Record> records,
                                  Clock::time_point) override {
    const std::lock_guard lock(database_.mutex);
    ++database_.inserts;
    if (database_.error && !database_.loses_answers) return tl::unexpected(*database_.error);
    for (const audit::Record& record : records) {
      if (record.id == database_.refused)
        return tl::unexpected(audit::StoreError{audit::StoreError::Kind::kRefused, "no such text"});
    }
    for (const audit::Record& record : records) ++database_.times[record.id];
    if (database_.error) return tl::unexpected(*database_.error);
    return {};
  }
  audit::StoreResult<bool> expire(const audit::Retention&, audit::WallTime,
                                  Clock::time_point) override {
    return false;
  }
  audit::StoreResult<void> read(const audit::Filter&,
                                const std::function<bool(const audit::Record&)>&) override {
    return {};
  }
  audit::StoreResult<void> backup(const std::filesystem::path&) override { return {}; }

 private:
  FakeDatabase& database_;
};

}  // namespace sidecar::test
