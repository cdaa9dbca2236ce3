#include "audit/postgres_store.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <poll.h>

#include "audit/columns.hpp"
#include "audit/postgres_module.hpp"
#include "audit/statements.hpp"

namespace sidecar::audit {
namespace {

using Kind = StoreError::Kind;

constexpr Dialect kDialect{
    "mcp_sidecar.",
    "BIGINT",
    "TIMESTAMPTZ",
    R"(to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))",
    "pg_column_size({})",
    "{0} TABLESAMPLE SYSTEM ({1} / 10000.0)"};
constexpr int kExpiredAtOnce = 1'000;            // rows of one statement
constexpr std::chrono::seconds kReaderWait{60};  // for the next row
// Held during migrations, so that sidecars that start together migrate once. The number is
// arbitrary.
constexpr std::string_view kLock = "SELECT pg_advisory_xact_lock(7308324465755348333)";

// Without the further lines, which hold hints and the statement.
std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

Kind kind_of(const PGresult* result) {
  const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view code = state == nullptr ? "" : state;
  // PostgreSQL, appendix A: data exception, integrity constraint violation, program limit exceeded.
  for (const std::string_view refused : {"22", "23", "54"}) {
    if (code.starts_with(refused)) return Kind::kRefused;
  }
  return Kind::kUnavailable;
}

std::string insert_statement(const Absent& absent) {
  std::string types;
  for (const Column& column : kColumns) {
    if (is_in(absent, column)) continue;
    const auto type = is_time(column)            ? kDialect.time
                      : column.number != nullptr ? kDialect.number
                                                 : "TEXT";
    types += fmt::format("{}{} {}", types.empty() ? "" : ", ", column.name, type);
  }
  return fmt::format(
      "INSERT INTO {}{} ({}) SELECT {} FROM json_to_recordset($1::json) AS record ({}) "
      "ON CONFLICT (id) DO NOTHING",
      kDialect.prefix, kTable, column_list(absent), column_list(absent), types);
}

Record record_of(const PGresult* result) {
  Record record;
  int at = 0;
  for (const Column& column : kColumns) {
    const std::string text(PQgetvalue(result, 0, at),
                           static_cast<std::size_t>(PQgetlength(result, 0, at)));
    ++at;
    if (is_time(column))
      record.time = parse_time(text).value_or(0);
    else if (column.number != nullptr)
      record.*column.number = std::atoll(text.c_str());
    else
      record.*column.text = text;
  }
  return record;
}

}  // namespace

bool PostgresStore::understands(const std::string& url) {
  char* message = nullptr;  // not shown: it may quote part of the password
  PQconninfoOption* const options = PQconninfoParse(url.c_str(), &message);
  PQfreemem(message);
  if (options == nullptr) return false;
  // libpq reads a password with an unencoded `/` as port and database; error texts would quote it.
  bool fits = true;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (std::string_view(option->keyword) == "port" && option->val != nullptr)
      fits =
          std::string_view(option->val).find_first_not_of("0123456789,") == std::string_view::npos;
  }
  PQconninfoFree(options);
  return fits;
}

tl::unexpected<StoreError> PostgresStore::lost(std::string_view what) {
  connection_.reset();
  return tl::unexpected(StoreError{Kind::kUnavailable, fmt::format("PostgreSQL: {}", what)});
}

tl::unexpected<StoreError> PostgresStore::lost_connection() {
  return lost(first_line(PQerrorMessage(connection_.get())));
}

StoreResult<void> PostgresStore::wait(bool to_write, Clock::time_point until) {
  pollfd socket{PQsocket(connection_.get()),
                static_cast<short>(to_write ? POLLIN | POLLOUT : POLLIN), 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return lost("no answer in time");
    const int ready = ::poll(&socket, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return lost("poll failed");
  }
}

StoreResult<void> PostgresStore::connect(Clock::time_point until) {
  // The URL, which dbname expands to, overrides the two defaults.
  const char* const names[] = {"fallback_application_name", "client_encoding", "dbname", nullptr};
  const char* const values[] = {"mcp-sidecar", "UTF8", url_.c_str(), nullptr};
  connection_.reset(PQconnectStartParams(names, values, 1));
  if (connection_ == nullptr) return lost("out of memory");
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return lost_connection();
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
       state = PQconnectPoll(connection_.get())) {
    if (state == PGRES_POLLING_FAILED) return lost_connection();
    if (auto waited = wait(state == PGRES_POLLING_WRITING, until); !waited) return waited;
  }
  if (PQsetnonblocking(connection_.get(), 1) != 0) return lost_connection();
  return {};
}

StoreResult<void> PostgresStore::send(const std::string& sql,
                                      const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  // Without parameters, the simple protocol is used; it accepts several statements.
  const int sent = parameters.empty() ? PQsendQuery(connection_.get(), sql.c_str())
                                      : PQsendQueryParams(connection_.get(), sql.c_str(),
                                                          static_cast<int>(values.size()), nullptr,
                                                          values.data(), nullptr, nullptr, 0);
  if (sent != 1) return lost_connection();
  return {};
}

StoreResult<PostgresStore::ResultPtr> PostgresStore::next(Clock::time_point until) {
  for (;;) {
    const int unsent = PQflush(connection_.get());
    if (unsent < 0) return lost_connection();
    if (unsent == 0 && PQisBusy(connection_.get()) == 0)
      return ResultPtr(PQgetResult(connection_.get()));
    if (auto waited = wait(unsent > 0, until); !waited) return tl::unexpected(waited.error());
    if (PQconsumeInput(connection_.get()) != 1) return lost_connection();
  }
}

StoreResult<PostgresStore::ResultPtr> PostgresStore::run(const std::string& sql,
                                                         const std::vector<std::string>& parameters,
                                                         Clock::time_point until) {
  if (auto sent = send(sql, parameters); !sent) return tl::unexpected(sent.error());
  ResultPtr last;
  for (;;) {
    auto result = next(until);
    if (!result) return result;
    if (*result == nullptr) return last;
    // An error is kept while further results are read, which the connection requires.
    if (last == nullptr || PQresultStatus(last.get()) != PGRES_FATAL_ERROR)
      last = *std::move(result);
    if (PQstatus(connection_.get()) == CONNECTION_BAD) return lost_connection();
  }
}

namespace {

StoreResult<void> check(const PGresult* result) {
  const auto status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE)
    return {};
  return tl::unexpected(StoreError{
      kind_of(result), fmt::format("PostgreSQL: {}", first_line(PQresultErrorMessage(result)))});
}

}  // namespace

StoreResult<std::string> PostgresStore::value(const std::string& sql, Clock::time_point until) {
  auto result = run(sql, {}, until);
  if (!result) return tl::unexpected(result.error());
  if (auto good = check(result->get()); !good) return tl::unexpected(good.error());
  if (PQntuples(result->get()) == 0) return std::string();
  return std::string(PQgetvalue(result->get(), 0, 0));
}

StoreResult<void> PostgresStore::open(Clock::time_point until) {
  auto done = connect(until);
  if (done) done = migrate(until);
  if (!done) connection_.reset();
  return done;
}

// Runs in one transaction. After an error it stays open; open() closes the connection then.
StoreResult<void> PostgresStore::migrate(Clock::time_point until) {
  const auto unusable = [](std::string message) {
    return tl::unexpected(StoreError{Kind::kUnusable, "PostgreSQL: " + std::move(message)});
  };
  const auto table = [](std::string_view name) {
    return fmt::format("{}{}", kDialect.prefix, name);
  };
  const auto exists = [&](std::string_view name) {
    return value(fmt::format("SELECT to_regclass('{}') IS NOT NULL", table(name)), until);
  };
  const bool writes = access_ == Access::kWrite;
  if (writes) {
    if (auto begun = value(fmt::format("BEGIN; {}", kLock), until); !begun)
      return tl::unexpected(begun.error());
  }
  const auto ours = exists(kMigrationsTable);
  if (!ours) return tl::unexpected(ours.error());
  const auto there = exists(kTable);
  if (!there) return tl::unexpected(there.error());
  if (*ours != "t" && *there == "t")
    return unusable(
        "the schema mcp_sidecar has a table api_audit_log that mcp-sidecar did not make");
  if (*ours != "t" && !writes) return unusable("this database holds no audit log");

  const auto steps = migrations(kDialect);
  if (*ours != "t") {
    // CREATE SCHEMA IF NOT EXISTS requires the privilege even if the schema exists.
    const auto schema = value("SELECT to_regnamespace('mcp_sidecar') IS NOT NULL", until);
    if (!schema) return tl::unexpected(schema.error());
    const auto made = value(
        fmt::format("{}CREATE TABLE {} (version INTEGER PRIMARY KEY, applied_at TIMESTAMPTZ NOT "
                    "NULL)",
                    *schema == "t" ? "" : "CREATE SCHEMA mcp_sidecar; ", table(kMigrationsTable)),
        until);
    if (!made) return tl::unexpected(made.error());
  }
  const auto have = value(
      fmt::format("SELECT coalesce(max(version), 0) FROM {}", table(kMigrationsTable)), until);
  if (!have) return tl::unexpected(have.error());
  std::size_t version = std::stoul(*have);
  for (; writes && version < steps.size(); ++version) {
    std::string sql;
    for (const std::string& step : steps[version]) sql += step + ";";
    sql += fmt::format("INSERT INTO {} VALUES ({}, now())", table(kMigrationsTable), version + 1);
    if (auto done = value(sql, until); !done) return tl::unexpected(done.error());
  }
  if (version != steps.size())
    return unusable(fmt::format("the audit log's tables have version {}, this mcp-sidecar knows {}",
                                version, steps.size()));
  if (auto added = add_columns(until); !added) return added;
  if (!writes) return {};
  if (auto committed = value("COMMIT", until); !committed) return tl::unexpected(committed.error());
  return {};
}

// Only the owner of a table may add columns. Another role writes without them, as the release
// before did, until the owner has added them.
StoreResult<void> PostgresStore::add_columns(Clock::time_point until) {
  absent_.clear();
  const auto table = fmt::format("'{}{}'::regclass", kDialect.prefix, kTable);
  const auto owns = value(
      fmt::format("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = {}", table),
      until);
  if (!owns) return tl::unexpected(owns.error());
  for (const Column& column : kColumns) {
    if (!is_added(column)) continue;
    const auto there = number(
        fmt::format("SELECT count(*) FROM pg_attribute WHERE attrelid = {} AND attname = '{}'",
                    table, column.name),
        until);
    if (!there) return tl::unexpected(there.error());
    if (*there > 0) continue;
    if (access_ == Access::kRead || *owns != "t") {
      absent_.push_back(column.name);
    } else if (auto added = value(addition(kDialect, column), until); !added) {
      return tl::unexpected(added.error());
    }
  }
  return {};
}

StoreResult<void> PostgresStore::insert(std::span<const Record> records, Clock::time_point until) {
  if (connection_ == nullptr) {
    if (auto opened = open(until); !opened) return opened;
  }
  std::string rows = "[";
  for (const Record& record : records)
    rows.append(rows.size() > 1 ? "," : "").append(to_json(record));
  rows += ']';
  const auto result = run(insert_statement(absent_), {std::move(rows)}, until);
  if (!result) return tl::unexpected(result.error());
  auto done = check(result->get());
  // A server that became a standby keeps its connections; a new one may reach the primary.
  if (!done && done.error().kind != Kind::kRefused) connection_.reset();
  return done;
}

StoreResult<std::int64_t> PostgresStore::number(const std::string& sql, Clock::time_point until) {
  return value(sql, until).map([](const std::string& text) {
    return static_cast<std::int64_t>(std::atoll(text.c_str()));
  });
}

// Number of rows that a statement deleted.
StoreResult<std::int64_t> PostgresStore::deleted(const std::string& sql,
                                                 const std::vector<std::string>& parameters,
                                                 Clock::time_point until) {
  const auto result = run(sql, parameters, until);
  if (!result) return tl::unexpected(result.error());
  if (auto good = check(result->get()); !good) return tl::unexpected(good.error());
  return std::atoll(PQcmdTuples(result->get()));
}

StoreResult<bool> PostgresStore::expire(const Retention& retention, WallTime now,
                                        Clock::time_point until) {
  if (connection_ == nullptr) {
    if (auto opened = open(until); !opened) return tl::unexpected(opened.error());
  }
  bool more = false;
  if (retention.age.count() > 0) {
    const auto oldest = std::chrono::duration_cast<std::chrono::microseconds>(
        (now - retention.age).time_since_epoch());
    const auto gone = deleted(
        fmt::format(
            "DELETE FROM {0}{1} WHERE id IN (SELECT id FROM {0}{1} WHERE timestamp < $1 ORDER BY "
            "timestamp LIMIT {2})",
            kDialect.prefix, kTable, kExpiredAtOnce),
        {time_text(oldest.count())}, until);
    if (!gone) return tl::unexpected(gone.error());
    more = *gone > 0;
  }
  if (retention.bytes == 0) return more;
  auto trimmed = trim_to(static_cast<std::int64_t>(retention.bytes), until);
  if (!trimmed) return trimmed;
  return *trimmed || more;
}

// Deleting does not shrink a relation at once, so the size is estimated from a sample of the rows.
// Samples differ, so no more is deleted than one sample finds too much.
StoreResult<bool> PostgresStore::trim_to(std::int64_t limit, Clock::time_point until) {
  const auto rows =
      number(fmt::format("SELECT count(*) FROM {}{}", kDialect.prefix, kTable), until);
  if (!rows) return tl::unexpected(rows.error());
  const auto size = number(average_size(kDialect, *rows), until);
  if (!size) return tl::unexpected(size.error());
  const std::int64_t over = *rows * *size - limit;
  if (over <= 0) return false;
  const auto key = value(key_to_trim(kDialect, *rows), until);
  if (!key) return tl::unexpected(key.error());
  const auto gone = deleted(trim(kDialect, over), {*key}, until);
  if (!gone) return tl::unexpected(gone.error());
  return *gone > 0 && (*gone == kTrimmedRows || over > kTrimmedBytes);
}

StoreResult<void> PostgresStore::read(const Filter& filter,
                                      const std::function<bool(const Record&)>& each) {
  const Query query = select(kDialect, filter, absent_);
  if (connection_ == nullptr) return lost("not connected");
  if (auto sent = send(query.sql, query.parameters); !sent) return sent;
  PQsetSingleRowMode(connection_.get());
  bool wanted = true;
  for (;;) {
    auto result = next(Clock::now() + kReaderWait);
    if (!result) return tl::unexpected(result.error());
    if (*result == nullptr) return {};
    if (auto good = check(result->get()); !good) return good;
    if (!wanted || PQresultStatus(result->get()) != PGRES_SINGLE_TUPLE) continue;
    wanted = each(record_of(result->get()));
  }
}

StoreResult<void> PostgresStore::backup(const std::filesystem::path&) {
  return tl::unexpected(
      StoreError{Kind::kUnusable,
                 "PostgreSQL is backed up by its own means: pg_dump --schema=mcp_sidecar "
                 "\"$MCP_AUDIT_DB\" > audit.sql"});
}

namespace {

Store* make(const std::string& url, Access access) {
  return PostgresStore::understands(url) ? new PostgresStore(url, access) : nullptr;
}

}  // namespace
}  // namespace sidecar::audit

// kPostgresSymbol
extern "C" {
extern const sidecar::audit::PostgresModule mcp_sidecar_postgresql;
const sidecar::audit::PostgresModule mcp_sidecar_postgresql{SIDECAR_VERSION, sidecar::audit::make};
}
