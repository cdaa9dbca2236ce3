#include "audit/sqlite_store.hpp"

#include <SQLiteCpp/Backup.h>
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <system_error>

#include "audit/columns.hpp"
#include "audit/statements.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::audit {
namespace {

using Kind = StoreError::Kind;

constexpr Dialect kDialect{
    "", "INTEGER", "TEXT", "timestamp", "length(CAST({} AS BLOB))",
    // Row ids come from an index, so only the rows of the sample are read.
    "(SELECT * FROM {0} WHERE rowid IN (SELECT rowid FROM {0} WHERE abs(random() % 1000000) < "
    "{1}))"};
constexpr int kExpiredAtOnce = 1'000;  // rows of one transaction
constexpr int kReaderWait = 5'000;     // ms, for another process's lock

// Thrown for a StoreError of Kind::kUnusable with its own text.
struct Unusable {
  std::string message;
};

Kind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return Kind::kRefused;
    default:
      return Kind::kUnavailable;
  }
}

int wait_until(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 1, 60'000));
}

std::int64_t number(SQLite::Database& database, const char* sql) {
  return database.execAndGet(sql).getInt64();
}

Record record_of(SQLite::Statement& row) {
  Record record;
  int at = 0;
  for (const Column& column : kColumns) {
    const SQLite::Column value = row.getColumn(at++);
    if (is_time(column))
      record.time = parse_time(value.getString()).value_or(0);
    else if (column.number != nullptr)
      record.*column.number = value.getInt64();
    else
      record.*column.text = value.getString();
  }
  return record;
}

}  // namespace

// Runs `action` and turns exceptions into errors. Unless the error is Kind::kRefused, the database
// is closed, and the next insert() opens it again.
template <class Action>
auto SqliteStore::attempt(Action action) -> decltype(action()) {
  try {
    return action();
  } catch (const SQLite::Exception& error) {
    const Kind kind = kind_of(error.getErrorCode());
    if (kind != Kind::kRefused) {
      insert_.reset();
      database_.reset();
    }
    return tl::unexpected(StoreError{kind, fmt::format("{}: {}", file_.string(), error.what())});
  } catch (const Unusable& error) {
    insert_.reset();
    database_.reset();
    return tl::unexpected(StoreError{Kind::kUnusable, error.message});
  }
}

std::optional<ino_t> SqliteStore::inode() const {
  struct stat status {};
  if (::stat(file_.c_str(), &status) != 0) return std::nullopt;
  return status.st_ino;
}

StoreResult<void> SqliteStore::open(Clock::time_point until) {
  insert_.reset();
  database_.reset();
  return attempt([&]() -> StoreResult<void> {
    if (access_ == Access::kWrite) {
      // SQLite would create it readable by others. The -wal and -shm files get the same mode.
      const UniqueFd made(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
      if (!made) {
        return tl::unexpected(
            StoreError{Kind::kUnavailable, fmt::format("cannot open {}: {}", file_.string(),
                                                       std::generic_category().message(errno))});
      }
    }
    const int mode = access_ == Access::kWrite ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY;
    database_ = std::make_unique<SQLite::Database>(
        file_.string(), mode, access_ == Access::kWrite ? wait_until(until) : kReaderWait);
    migrate();
    inode_ = inode();
    return {};
  });
}

// Brings the tables to this version, inside one transaction: processes that start together do it
// once.
void SqliteStore::migrate() {
  SQLite::Database& database = *database_;
  const bool ours = database.tableExists(std::string(kMigrationsTable));
  if (!ours) {
    const auto others = number(database, "SELECT count(*) FROM sqlite_master");
    if (others > 0)
      throw Unusable{fmt::format(
          "{} has tables that mcp-sidecar did not make: give the audit log a file of its own",
          file_.string())};
    if (access_ == Access::kRead)
      throw Unusable{fmt::format("{} holds no audit log", file_.string())};
  }
  const auto steps = migrations(kDialect);
  if (access_ == Access::kWrite) {
    if (!ours) database.exec("PRAGMA auto_vacuum = INCREMENTAL");  // only before the first table
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    database.exec(fmt::format(
        "CREATE TABLE IF NOT EXISTS {} (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)",
        kMigrationsTable));
    const auto have =
        number(database, "SELECT coalesce(max(version), 0) FROM mcp_sidecar_migrations");
    for (auto version = static_cast<std::size_t>(have); version < steps.size(); ++version) {
      for (const std::string& sql : steps[version]) database.exec(sql);
      database.exec(fmt::format("INSERT INTO {} VALUES ({}, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
                                kMigrationsTable, version + 1));
    }
    for (const Column& column : kColumns) {
      if (is_in(absent_columns(), column)) database.exec(addition(kDialect, column));
    }
    transaction.commit();
  }
  const auto version =
      number(database, "SELECT coalesce(max(version), 0) FROM mcp_sidecar_migrations");
  if (version != static_cast<std::int64_t>(steps.size()))
    throw Unusable{
        fmt::format("{} has version {} of the audit log's tables, this mcp-sidecar knows {}",
                    file_.string(), version, steps.size())};
  absent_ = absent_columns();
}

Absent SqliteStore::absent_columns() {
  Absent absent;
  for (const Column& column : kColumns) {
    const auto sql = fmt::format("SELECT count(*) FROM pragma_table_info('{}') WHERE name = '{}'",
                                 kTable, column.name);
    if (is_added(column) && number(*database_, sql.c_str()) == 0) absent.push_back(column.name);
  }
  return absent;
}

StoreResult<void> SqliteStore::insert(std::span<const Record> records, Clock::time_point until) {
  return attempt([&]() -> StoreResult<void> {
    if (database_ == nullptr || inode() != inode_) {
      if (auto opened = open(until); !opened) return opened;
    }
    SQLite::Database& database = *database_;
    database.setBusyTimeout(wait_until(until));
    if (insert_ == nullptr) {
      std::string values;
      for (std::size_t i = 1; i <= std::size(kColumns); ++i)
        values += fmt::format("{}${}", i > 1 ? "," : "", i);
      insert_ = std::make_unique<SQLite::Statement>(
          database, fmt::format("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (id) DO NOTHING",
                                kTable, column_list({}), values));
    }
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    for (const Record& record : records) {
      insert_->reset();
      int at = 0;
      for (const Column& column : kColumns) {
        ++at;
        if (is_time(column))
          insert_->bind(at, time_text(record.time));
        else if (column.number != nullptr)
          insert_->bind(at, record.*column.number);
        else
          insert_->bindNoCopy(at, record.*column.text);
      }
      insert_->exec();
    }
    insert_->reset();
    insert_->clearBindings();
    transaction.commit();
    return {};
  });
}

std::int64_t SqliteStore::used_bytes() {
  const auto pages =
      number(*database_, "PRAGMA page_count") - number(*database_, "PRAGMA freelist_count");
  return pages * number(*database_, "PRAGMA page_size");
}

// Deletes the oldest of the records before `time`; returns their number.
int SqliteStore::delete_older(std::int64_t time) {
  return database_->exec(
      fmt::format("DELETE FROM {0} WHERE id IN (SELECT id FROM {0} WHERE timestamp < '{1}' ORDER "
                  "BY timestamp LIMIT {2})",
                  kTable, time_text(time), kExpiredAtOnce));
}

int SqliteStore::trim_by(std::int64_t bytes) {
  const auto rows = number(*database_, "SELECT count(*) FROM api_audit_log");
  SQLite::Statement key(*database_, key_to_trim(kDialect, rows));
  if (!key.executeStep()) return 0;
  SQLite::Statement deletion(*database_, trim(kDialect, bytes));
  deletion.bind(1, key.getColumn(0).getString());
  key.reset();
  return deletion.exec();
}

StoreResult<bool> SqliteStore::expire(const Retention& retention, WallTime now,
                                      Clock::time_point until) {
  return attempt([&]() -> StoreResult<bool> {
    if (database_ == nullptr) {
      if (auto opened = open(until); !opened) return tl::unexpected(opened.error());
    }
    database_->setBusyTimeout(wait_until(until));
    int deleted = 0;
    if (retention.age.count() > 0) {
      const auto oldest = std::chrono::duration_cast<std::chrono::microseconds>(
          (now - retention.age).time_since_epoch());
      deleted += delete_older(oldest.count());
    }
    const auto over = used_bytes() - static_cast<std::int64_t>(retention.bytes);
    if (retention.bytes > 0 && over > 0) deleted += trim_by(over);
    if (deleted == 0) return false;
    database_->exec("PRAGMA incremental_vacuum");  // returns free pages to the file system
    return true;
  });
}

StoreResult<void> SqliteStore::read(const Filter& filter,
                                    const std::function<bool(const Record&)>& each) {
  return attempt([&]() -> StoreResult<void> {
    const Query query = select(kDialect, filter, absent_);
    SQLite::Statement rows(*database_, query.sql);
    int at = 0;
    for (const std::string& parameter : query.parameters) rows.bind(++at, parameter);
    while (rows.executeStep()) {
      if (!each(record_of(rows))) break;
    }
    return {};
  });
}

StoreResult<void> SqliteStore::backup(const std::filesystem::path& file) {
  return attempt([&]() -> StoreResult<void> {
    const auto refused = [](std::string message) {
      return tl::unexpected(StoreError{Kind::kUnusable, std::move(message)});
    };
    {
      const UniqueFd made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      if (!made) {
        return refused(fmt::format("cannot create {}: {}", file.string(),
                                   std::generic_category().message(errno)));
      }
    }
    SQLite::Database copy(file.string(), SQLite::OPEN_READWRITE);
    {
      SQLite::Backup backup(copy, *database_);
      // All pages in one step: a write by another process between steps restarts the backup. In WAL
      // mode the step blocks no writer. Not done: another process holds the lock.
      while (backup.executeStep(-1) != SQLITE_DONE) sqlite3_sleep(10);
    }
    copy.exec("PRAGMA journal_mode = DELETE");  // one file, without companions
    const std::string sound = copy.execAndGet("PRAGMA integrity_check").getString();
    if (sound != "ok") return refused(fmt::format("{}: {}", file.string(), sound));
    return {};
  });
}

}  // namespace sidecar::audit
