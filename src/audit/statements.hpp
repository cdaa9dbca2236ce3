// Statements: the SQL that both databases share. `$1` is a parameter in either; names of tables,
// types, the form of a time and a few functions differ.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/store.hpp"

namespace sidecar::audit {

struct Dialect {
  std::string_view prefix;  // of tables: the schema with its dot, or nothing
  std::string_view number;  // type of whole numbers
  std::string_view time;    // type of times
  // expression that makes of `timestamp` a text that parse_time() reads
  std::string_view shown_time;
  std::string_view text_size;  // expression for the bytes that the column {} takes
  // a table expression: about {1} of a million rows of the table {0}, at random
  std::string_view sample;
};

inline constexpr std::string_view kTable = "api_audit_log";
inline constexpr std::string_view kMigrationsTable = "mcp_sidecar_migrations";

// One list of statements a version, from version 1 on. Never changed once released, only added to.
std::vector<std::vector<std::string>> migrations(const Dialect& dialect);

struct Query {
  std::string sql;
  std::vector<std::string> parameters;  // texts, of $1 on
};

// Every column, in order.
Query select(const Dialect& dialect, const Filter& filter);

std::string column_list();

// At most so much is deleted by one trim().
inline constexpr std::int64_t kTrimmedRows = 2'000;
inline constexpr std::int64_t kTrimmedBytes = 16 << 20;

// The average of what a row takes, its part of the indexes included. `rows`: how many there are. A
// sample.
std::string average_size(const Dialect& dialect, std::int64_t rows);
// The key whose records are to be deleted next when there are too many: of those that hold at least
// half of what the largest one holds, the one with the oldest record. A sample; none where there
// are no records.
std::string key_to_trim(const Dialect& dialect, std::int64_t rows);
// Deletes the oldest records of the key $1 that make up `bytes`, or a part of them.
std::string trim(const Dialect& dialect, std::int64_t bytes);

}  // namespace sidecar::audit
