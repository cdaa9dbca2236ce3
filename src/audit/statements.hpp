// Statements: the SQL that both databases share. Both accept `$1` as a parameter; a Dialect holds
// the differences. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/columns.hpp"
#include "audit/store.hpp"

namespace sidecar::audit {

struct Dialect {
  std::string_view prefix;      // of table names: the schema and a dot, or empty
  std::string_view number;      // integer type
  std::string_view time;        // time type
  std::string_view shown_time;  // expression: `timestamp` as a text for parse_time()
  std::string_view text_size;   // expression: bytes of the column {}
  std::string_view sample;      // table expression: a random {1} millionths of the table {0}
};

inline constexpr std::string_view kTable = "api_audit_log";
inline constexpr std::string_view kMigrationsTable = "mcp_sidecar_migrations";

// One list of statements per version, from version 1 on. Released versions never change. A release
// refuses a version that it does not know, so a new one is for changes that would break it.
std::vector<std::vector<std::string>> migrations(const Dialect& dialect);

// Adds `column` to the table. Does not change the version: the release before still writes rows,
// which get the default, and reads the columns that it knows. REQUIRES: is_added(column).
std::string addition(const Dialect& dialect, const Column& column);

struct Query {
  std::string sql;
  std::vector<std::string> parameters;  // from $1 on
};

// Selects every column, in the order of kColumns; of absent ones the default.
Query select(const Dialect& dialect, const Filter& filter, const Absent& absent);

// Without absent ones.
std::string column_list(const Absent& absent);

// Limits of one trim().
inline constexpr std::int64_t kTrimmedRows = 2'000;
inline constexpr std::int64_t kTrimmedBytes = 16 << 20;

// The average size of a row with its index entries, estimated from a sample. `rows`: rows in the
// table.
std::string average_size(const Dialect& dialect, std::int64_t rows);
// The key whose records are deleted next: among the keys with at least half as many bytes as the
// largest key, the one with the oldest record. Estimated from a sample; no row for an empty table.
std::string key_to_trim(const Dialect& dialect, std::int64_t rows);
// Deletes the oldest records of the key $1, up to about `bytes` and the limits above.
std::string trim(const Dialect& dialect, std::int64_t bytes);

}  // namespace sidecar::audit
