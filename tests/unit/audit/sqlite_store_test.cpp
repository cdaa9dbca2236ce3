#include "audit/sqlite_store.hpp"

#include <algorithm>
#include <fstream>

#include "unit/audit/world.hpp"

using namespace sidecar;
using namespace sidecar::audit;
using namespace std::chrono_literals;
using sidecar::test::Contains;
using Kind = StoreError::Kind;

namespace {

Clock::time_point soon() { return Clock::now() + 5s; }

struct File {
  std::unique_ptr<Store> open(Access access = Access::kWrite) {
    auto store = std::make_unique<SqliteStore>(path, access);
    const auto opened = store->open(soon());
    if (!opened) FAIL(opened.error().message);
    return store;
  }
  StoreError error(Access access = Access::kWrite) {
    const auto opened = SqliteStore(path, access).open(soon());
    REQUIRE_FALSE(opened);
    return opened.error();
  }
  std::vector<Record> read(const Filter& filter = {}) {
    std::vector<Record> found;
    REQUIRE(open(Access::kRead)->read(filter, [&](const Record& record) {
      found.push_back(record);
      return true;
    }));
    return found;
  }
  std::int64_t number(const std::string& sql) {
    return SQLite::Database(path.string()).execAndGet(sql).getInt64();
  }

  test::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "audit.db";
};

}  // namespace

TEST_CASE("sqlite store: records are read unchanged, in order of time") {
  File file;
  const auto store = file.open();
  REQUIRE(store->insert(test::records(10, 5), soon()));
  REQUIRE(store->insert(test::records(0, 10), soon()));
  CHECK(file.read() == test::records(0, 15));
}

TEST_CASE("sqlite store: an existing record is left unchanged") {
  File file;
  const auto store = file.open();
  REQUIRE(store->insert(test::records(0, 5), soon()));
  auto again = test::records(3, 5);
  again[0].outcome = "changed";
  again.push_back(again.back());  // twice in one insert
  REQUIRE(store->insert(again, soon()));
  CHECK(file.read() == test::records(0, 8));
}

TEST_CASE("sqlite store: filters") {
  File file;
  REQUIRE(file.open()->insert(test::records(0, 30), soon()));
  const auto found = [&](const std::function<void(Filter&)>& wanted) {
    Filter filter;
    wanted(filter);
    return file.read(filter);
  };
  CHECK(found([](Filter& f) { f.since = test::record(10).time; }).size() == 20);
  CHECK(found([](Filter& f) { f.until = test::record(10).time; }).size() == 10);
  CHECK(found([](Filter& f) {
          f.since = test::record(10).time, f.until = test::record(12).time;
        }).size() == 2);
  CHECK(found([](Filter& f) { f.key = "alice"; }).size() == 15);
  CHECK(found([](Filter& f) { f.key = "' OR 1=1 --"; }).empty());
  CHECK(found([](Filter& f) { f.method = "tools/call"; }).size() == 30);
  CHECK(found([](Filter& f) { f.method = "tools/list"; }).empty());
  CHECK(found([](Filter& f) { f.tool = "tool-1"; }).size() == 10);
  CHECK(found([](Filter& f) { f.outcome = "error"; }).size() == 6);
  CHECK(found([](Filter& f) { f.key = "alice", f.tool = "tool-0", f.outcome = "error"; }).size() ==
        1);
  const auto newest = found([](Filter& f) { f.newest_first = true, f.limit = 2; });
  REQUIRE(newest.size() == 2);
  CHECK(newest[0] == test::record(29));
  CHECK(newest[1] == test::record(28));
}

TEST_CASE("sqlite store: tables and indexes are created once and reused by the next run") {
  File file;
  REQUIRE(file.open()->insert(test::records(0, 1), soon()));
  REQUIRE(file.open()->insert(test::records(1, 1), soon()));
  CHECK(file.read().size() == 2);
  CHECK(file.number("SELECT count(*) FROM mcp_sidecar_migrations") == 1);
  CHECK(file.number(
            "SELECT count(*) FROM sqlite_master WHERE name IN ('idx_api_audit_log_timestamp', "
            "'idx_api_audit_log_key_name')") == 2);
  CHECK(SQLite::Database(file.path.string()).execAndGet("PRAGMA journal_mode").getString() ==
        "wal");
  using std::filesystem::perms;
  CHECK(std::filesystem::status(file.path).permissions() ==
        (perms::owner_read | perms::owner_write));
}

namespace {

// What the release before the column `server` runs.
constexpr const char* kFormerTables =
    "CREATE TABLE mcp_sidecar_migrations (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL);"
    "INSERT INTO mcp_sidecar_migrations VALUES (1, '2026-11-30T00:00:00Z');"
    "CREATE TABLE api_audit_log (id TEXT PRIMARY KEY, timestamp TEXT NOT NULL, key_name TEXT NOT "
    "NULL, address TEXT NOT NULL, session_id TEXT NOT NULL, client_name TEXT NOT NULL, "
    "client_version TEXT NOT NULL, transport TEXT NOT NULL, method TEXT NOT NULL, tool TEXT NOT "
    "NULL, arguments TEXT NOT NULL, outcome TEXT NOT NULL, duration_us INTEGER NOT NULL, "
    "request_bytes INTEGER NOT NULL, response_bytes INTEGER NOT NULL, error TEXT NOT NULL);"
    "CREATE INDEX idx_api_audit_log_timestamp ON api_audit_log (timestamp);"
    "CREATE INDEX idx_api_audit_log_key_name ON api_audit_log (key_name, timestamp)";
constexpr const char* kFormerInsert =
    "INSERT INTO api_audit_log (id, timestamp, key_name, address, session_id, client_name, "
    "client_version, transport, method, tool, arguments, outcome, duration_us, request_bytes, "
    "response_bytes, error) VALUES ($1,'2027-01-15T08:00:01.123456Z','bob','192.0.2.1','01234567',"
    "'client','1.0','sse','tools/call','tool-1','','ok',1001,100,200,'') ON CONFLICT (id) DO "
    "NOTHING";
constexpr const char* kFormerSelect =
    "SELECT id, timestamp, key_name, address, session_id, client_name, client_version, transport, "
    "method, tool, arguments, outcome, duration_us, request_bytes, response_bytes, error FROM "
    "api_audit_log WHERE key_name = 'bob' ORDER BY timestamp DESC, id DESC LIMIT 20";

void insert_as_before(SQLite::Database& database, const std::string& id) {
  SQLite::Statement insert(database, kFormerInsert);
  insert.bind(1, id);
  insert.exec();
}

}  // namespace

TEST_CASE("sqlite store: the release before writes to and reads a file that this one has changed") {
  File file;
  SQLite::Database former(file.path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  former.exec(kFormerTables);
  insert_as_before(former, "before");

  Record own = test::record(3);
  own.server = "git";
  const auto store = file.open();
  REQUIRE(store->insert(std::vector{own}, soon()));
  // The release before refuses another version than its own.
  CHECK(file.number("SELECT max(version) FROM mcp_sidecar_migrations") == 1);
  insert_as_before(former, "after");
  insert_as_before(former, "after");
  int rows = 0;
  for (SQLite::Statement select(former, kFormerSelect); select.executeStep(); ++rows)
    CHECK(select.getColumnCount() == 16);
  CHECK(rows == 3);
  REQUIRE(store->insert(test::records(10, 1), soon()));

  std::vector<std::pair<std::string, std::string>> servers;
  for (const Record& record : file.read()) servers.emplace_back(record.id, record.server);
  CHECK(servers == std::vector<std::pair<std::string, std::string>>{{"after", "default"},
                                                                    {"before", "default"},
                                                                    {own.id, "git"},
                                                                    {"id-000010", "default"}});
  CHECK(store->expire({0h, 1}, WallTime(), soon()));
}

TEST_CASE("sqlite store: a file of the release before is read without a change") {
  File file;
  SQLite::Database former(file.path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  former.exec(kFormerTables);
  insert_as_before(former, "before");
  const auto records = file.read();
  REQUIRE(records.size() == 1);
  CHECK(records[0].server == "default");
  CHECK(file.number("SELECT count(*) FROM pragma_table_info('api_audit_log')") == 16);
}

TEST_CASE("sqlite store: a file with tables of another program is not changed") {
  File file;
  {
    SQLite::Database other(file.path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("CREATE TABLE api_audit_log (theirs TEXT); INSERT INTO api_audit_log VALUES ('x')");
  }
  const auto error = file.error();
  CHECK(error.kind == Kind::kUnusable);
  CHECK_THAT(error.message, Contains("did not make"));
  CHECK(file.number("SELECT count(*) FROM api_audit_log WHERE theirs = 'x'") == 1);
  CHECK(file.number("SELECT count(*) FROM sqlite_master") == 1);
  CHECK(SQLite::Database(file.path.string()).execAndGet("PRAGMA journal_mode").getString() ==
        "delete");
}

TEST_CASE("sqlite store: errors for a newer version, no database, no file, no folder") {
  File file;
  file.open();
  SQLite::Database(file.path.string(), SQLite::OPEN_READWRITE)
      .exec("INSERT INTO mcp_sidecar_migrations VALUES (99, 'x')");
  CHECK(file.error().kind == Kind::kUnusable);
  CHECK_THAT(file.error().message, Contains("version 99"));
  CHECK(file.error(Access::kRead).kind == Kind::kUnusable);

  File text;
  std::ofstream(text.path) << std::string(4096, 'x');
  CHECK(text.error().kind == Kind::kUnavailable);

  File none;
  none.error(Access::kRead);
  CHECK_FALSE(std::filesystem::exists(none.path));
  none.path = none.folder.path() / "no" / "audit.db";
  CHECK_THAT(none.error().message, Contains("cannot open"));
}

TEST_CASE("sqlite store: a locked file is unavailable and accepts the records later") {
  File file;
  const auto store = file.open();
  SQLite::Database other(file.path.string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN EXCLUSIVE");
  const auto locked = store->insert(test::records(0, 5), Clock::now() + 20ms);
  REQUIRE_FALSE(locked);
  CHECK(locked.error().kind == Kind::kUnavailable);
  other.exec("COMMIT");
  REQUIRE(store->insert(test::records(0, 5), soon()));
  CHECK(file.read() == test::records(0, 5));
}

TEST_CASE("sqlite store: a file that was moved away is created again") {
  File file;
  const auto store = file.open();
  REQUIRE(store->insert(test::records(0, 5), soon()));
  for (const auto* ending : {"", "-wal", "-shm"}) {
    std::filesystem::rename(file.path.string() + ending,
                            file.folder.path() / (std::string("old.db") + ending));
  }
  REQUIRE(store->insert(test::records(5, 5), soon()));
  CHECK(file.read() == test::records(5, 5));
}

TEST_CASE("sqlite store: expire() deletes only records beyond the age") {
  File file;
  const auto store = file.open();
  REQUIRE(store->insert(test::records(0, 2'500), soon()));
  const auto now = WallTime(std::chrono::microseconds(test::record(2'000).time)) + 24h;
  while (store->expire({24h, 0}, now, soon()).value()) {
  }
  const auto left = file.read();
  REQUIRE(left.size() == 500);
  CHECK(left.front() == test::record(2'000));
  CHECK_FALSE(store->expire({0h, 0}, now, soon()).value());
  CHECK(file.read().size() == 500);
}

TEST_CASE("sqlite store: beyond the size the oldest are deleted, and the file shrinks") {
  File file;
  const auto store = file.open();
  for (int i = 0; i < 20'000; i += 1'000) REQUIRE(store->insert(test::records(i, 1'000), soon()));
  constexpr std::size_t kMax = 2 << 20;
  const auto now = WallTime(std::chrono::microseconds(test::record(0).time));
  while (store->expire({0h, kMax}, now, soon()).value()) {
  }
  const auto left = file.read();
  CHECK(left.size() > 1'000);
  CHECK(left.size() < 10'000);
  CHECK(left.back() == test::record(19'999));
  CHECK(file.number("PRAGMA page_count") * file.number("PRAGMA page_size") <= std::int64_t{kMax});
}

TEST_CASE("sqlite store: no more is deleted than the size requires") {
  File file;
  const auto store = file.open();
  for (int i = 0; i < 5'000; i += 1'000) REQUIRE(store->insert(test::records(i, 1'000), soon()));
  const auto used = file.number("PRAGMA page_count") * file.number("PRAGMA page_size");
  const auto now = WallTime(std::chrono::microseconds(test::record(0).time));
  while (store->expire({0h, static_cast<std::size_t>(used - 20'000)}, now, soon()).value()) {
  }
  CHECK(file.number("PRAGMA page_count") * file.number("PRAGMA page_size") <= used - 20'000);
  CHECK(file.read().size() < 5'000);
  CHECK(file.read().size() > 4'800);
}

TEST_CASE("sqlite store: beyond the size the oldest records of the largest key are deleted") {
  File file;
  const auto store = file.open();
  const auto of = [](int number, const std::string& key, std::size_t arguments) {
    Record record = test::record(number);
    record.key = key;
    record.arguments.assign(arguments, 'x');
    return record;
  };
  std::vector<Record> quiet;
  std::vector<Record> flood;
  for (int i = 0; i < 1'000; ++i) quiet.push_back(of(i, i % 2 == 0 ? "alice" : "bob", 100));
  // fewer but larger records
  for (int i = 1'000; i < 1'400; ++i) flood.push_back(of(i, "mallory", 20'000));
  REQUIRE(store->insert(quiet, soon()));
  REQUIRE(store->insert(flood, soon()));
  const auto now = WallTime(std::chrono::microseconds(test::record(0).time));
  while (store->expire({0h, 2 << 20}, now, soon()).value()) {
  }
  const auto left = file.read();
  REQUIRE(left.size() > 1'030);
  CHECK(left.size() < 1'100);
  CHECK(std::equal(quiet.begin(), quiet.end(), left.begin()));
  CHECK(left.back() == flood.back());
}

TEST_CASE("sqlite store: keys of about equal size lose their oldest records in turn") {
  File file;
  const auto store = file.open();
  for (int i = 0; i < 10'000; i += 1'000) REQUIRE(store->insert(test::records(i, 1'000), soon()));
  const auto now = WallTime(std::chrono::microseconds(test::record(0).time));
  while (store->expire({0h, 1 << 20}, now, soon()).value()) {
  }
  const auto left = file.read();
  const auto of_alice =
      std::count_if(left.begin(), left.end(), [](const Record& r) { return r.key == "alice"; });
  const auto of_bob = std::ssize(left) - of_alice;
  CHECK(of_alice > 400);
  CHECK(of_alice <= 2 * of_bob + 1);
  CHECK(of_bob <= 2 * of_alice + 1);
}

TEST_CASE("sqlite store: a backup between writes is complete and overwrites no file") {
  File file;
  const auto store = file.open();
  REQUIRE(store->insert(test::records(0, 3'000), soon()));
  const auto copy = file.folder.path() / "copy.db";
  REQUIRE(file.open(Access::kRead)->backup(copy));
  REQUIRE(store->insert(test::records(3'000, 10), soon()));
  File copied;
  copied.path = copy;
  CHECK(copied.read() == test::records(0, 3'000));
  const auto again = store->backup(copy);
  REQUIRE_FALSE(again);
  CHECK_THAT(again.error().message, Contains("File exists"));
}
