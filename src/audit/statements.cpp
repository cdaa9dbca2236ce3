#include "audit/statements.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace sidecar::audit {
namespace {

constexpr int kRowBytes = 240;  // of a row and its three index entries, without texts
constexpr std::int64_t kSampledRows = 4'000;

std::string table_of(const Dialect& dialect) { return fmt::format("{}{}", dialect.prefix, kTable); }

// Without added columns, which are short and may be absent.
std::string size_of_row(const Dialect& dialect) {
  std::string sum = std::to_string(kRowBytes);
  for (const Column& column : kColumns) {
    if (column.text != nullptr && !is_added(column))
      sum.append(" + ").append(fmt::format(fmt::runtime(dialect.text_size), column.name));
  }
  return sum;
}

std::string sample_of(const Dialect& dialect, std::int64_t rows) {
  const std::int64_t part = std::min<std::int64_t>(
      1'000'000, kSampledRows * 1'000'000 / std::max<std::int64_t>(rows, 1) + 1);
  return fmt::format(fmt::runtime(dialect.sample), table_of(dialect), part);
}

}  // namespace

// All columns are NOT NULL: unknown values are empty texts.
std::vector<std::vector<std::string>> migrations(const Dialect& dialect) {
  const auto table = fmt::format("{}{}", dialect.prefix, kTable);
  return {{
      fmt::format(
          "CREATE TABLE {} (id TEXT PRIMARY KEY, timestamp {} NOT NULL, key_name TEXT NOT NULL, "
          "address TEXT NOT NULL, session_id TEXT NOT NULL, client_name TEXT NOT NULL, "
          "client_version TEXT NOT NULL, transport TEXT NOT NULL, method TEXT NOT NULL, "
          "tool TEXT NOT NULL, arguments TEXT NOT NULL, outcome TEXT NOT NULL, "
          "duration_us {} NOT NULL, request_bytes {} NOT NULL, response_bytes {} NOT NULL, "
          "error TEXT NOT NULL)",
          table, dialect.time, dialect.number, dialect.number, dialect.number),
      fmt::format("CREATE INDEX idx_api_audit_log_timestamp ON {} (timestamp)", table),
      fmt::format("CREATE INDEX idx_api_audit_log_key_name ON {} (key_name, timestamp)", table),
  }};
}

std::string addition(const Dialect& dialect, const Column& column) {
  return fmt::format("ALTER TABLE {} ADD COLUMN {} TEXT NOT NULL DEFAULT '{}'", table_of(dialect),
                     column.name, column.added_default);
}

std::string column_list(const Absent& absent) {
  std::string list;
  for (const Column& column : kColumns) {
    if (!is_in(absent, column)) list.append(list.empty() ? "" : ", ").append(column.name);
  }
  return list;
}

Query select(const Dialect& dialect, const Filter& filter, const Absent& absent) {
  Query query;
  std::string conditions;
  const auto add = [&](std::string_view condition, std::string value) {
    query.parameters.push_back(std::move(value));
    conditions += fmt::format("{}{} ${}", conditions.empty() ? " WHERE " : " AND ", condition,
                              query.parameters.size());
  };
  if (filter.since) add("timestamp >=", time_text(*filter.since));
  if (filter.until) add("timestamp <", time_text(*filter.until));
  if (!filter.key.empty()) add("key_name =", filter.key);
  if (!filter.method.empty()) add("method =", filter.method);
  if (!filter.tool.empty()) add("tool =", filter.tool);
  if (!filter.outcome.empty()) add("outcome =", filter.outcome);
  std::string columns;
  for (const Column& column : kColumns) {
    columns.append(columns.empty() ? "" : ", ");
    if (is_in(absent, column))
      columns += fmt::format("'{}'", column.added_default);
    else
      columns.append(is_time(column) ? dialect.shown_time : column.name);
  }
  const std::string_view order = filter.newest_first ? " DESC" : "";
  query.sql = fmt::format("SELECT {} FROM {}{}{} ORDER BY timestamp{}, id{}", columns,
                          dialect.prefix, kTable, conditions, order, order);
  if (filter.limit > 0) query.sql += fmt::format(" LIMIT {}", filter.limit);
  return query;
}

std::string average_size(const Dialect& dialect, std::int64_t rows) {
  return fmt::format("SELECT CAST(avg({}) AS BIGINT) FROM {}", size_of_row(dialect),
                     sample_of(dialect, rows));
}

std::string key_to_trim(const Dialect& dialect, std::int64_t rows) {
  return fmt::format(R"(
SELECT key_name
FROM (SELECT key_name, sum({size}) AS bytes, max(sum({size})) OVER () AS most FROM {sample} GROUP BY key_name) AS keys
WHERE 2 * bytes >= most
ORDER BY (SELECT min(timestamp) FROM {table} AS each WHERE each.key_name = keys.key_name)
LIMIT 1)",
                     fmt::arg("size", size_of_row(dialect)),
                     fmt::arg("sample", sample_of(dialect, rows)),
                     fmt::arg("table", table_of(dialect)));
}

std::string trim(const Dialect& dialect, std::int64_t bytes) {
  return fmt::format(R"(
DELETE FROM {table} WHERE id IN (
  SELECT id FROM (
    SELECT id, size, sum(size) OVER (ORDER BY timestamp, id) AS total FROM (
      SELECT id, timestamp, {size} AS size FROM {table} WHERE key_name = $1 ORDER BY timestamp, id LIMIT {rows}
    ) AS oldest
  ) AS counted WHERE total - size < {bytes}))",
                     fmt::arg("table", table_of(dialect)), fmt::arg("size", size_of_row(dialect)),
                     fmt::arg("rows", kTrimmedRows),
                     fmt::arg("bytes", std::min(bytes, kTrimmedBytes)));
}

}  // namespace sidecar::audit
