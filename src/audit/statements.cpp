#include "audit/statements.hpp"

#include <fmt/format.h>

#include "audit/columns.hpp"

namespace sidecar::audit {

// "NOT NULL": what is not known is an empty text.
std::vector<std::vector<std::string>> migrations(const Dialect& dialect) {
  const auto table = fmt::format("{}{}", dialect.prefix, kTable);
  return {{
      fmt::format("CREATE TABLE {} (id TEXT PRIMARY KEY, timestamp {} NOT NULL, key_name TEXT NOT NULL, "
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

std::string column_list() {
  std::string list;
  for (const Column& column : kColumns) list.append(list.empty() ? "" : ", ").append(column.name);
  return list;
}

Query select(const Dialect& dialect, const Filter& filter) {
  Query query;
  std::string conditions;
  const auto add = [&](std::string_view condition, std::string value) {
    query.parameters.push_back(std::move(value));
    conditions +=
        fmt::format("{}{} ${}", conditions.empty() ? " WHERE " : " AND ", condition, query.parameters.size());
  };
  if (filter.since) add("timestamp >=", time_text(*filter.since));
  if (filter.until) add("timestamp <", time_text(*filter.until));
  if (!filter.key.empty()) add("key_name =", filter.key);
  if (!filter.method.empty()) add("method =", filter.method);
  if (!filter.tool.empty()) add("tool =", filter.tool);
  if (!filter.outcome.empty()) add("outcome =", filter.outcome);
  std::string columns;
  for (const Column& column : kColumns)
    columns.append(columns.empty() ? "" : ", ").append(is_time(column) ? dialect.shown_time : column.name);
  const std::string_view order = filter.newest_first ? " DESC" : "";
  query.sql = fmt::format("SELECT {} FROM {}{}{} ORDER BY timestamp{}, id{}", columns, dialect.prefix, kTable,
                          conditions, order, order);
  if (filter.limit > 0) query.sql += fmt::format(" LIMIT {}", filter.limit);
  return query;
}

}  // namespace sidecar::audit
