// Statements: the SQL that both databases share. `$1` is a parameter in either; the table's name and the form
// of a time are what differ.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/store.hpp"

namespace sidecar::audit {

struct Dialect {
  std::string_view prefix;      // of tables: the schema with its dot, or nothing
  std::string_view number;      // type of whole numbers
  std::string_view time;        // type of times
  std::string_view shown_time;  // expression that makes of `timestamp` a text that parse_time() reads
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

}  // namespace sidecar::audit
