// Columns: the columns of `api_audit_log` in order. Inserts, queries, CSV and JSON are made from
// this list. A new column needs a field of Record and a row here with its default; a store adds it
// when it opens the database (addition() in statements.hpp).
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "audit/record.hpp"

namespace sidecar::audit {

// Either `text` or `number` is set.
struct Column {
  std::string_view name;
  std::string Record::*text = nullptr;
  std::int64_t Record::*number = nullptr;
  // Of a text column that a later release has added: its value in the rows and in the lines of the
  // spool that former releases write. Empty: the first release had the column.
  std::string_view added_default{};
};

inline constexpr Column kColumns[] = {
    {"id", &Record::id},
    {"timestamp", nullptr, &Record::time},
    {"key_name", &Record::key},
    {"address", &Record::address},
    {"session_id", &Record::session},
    {"client_name", &Record::client},
    {"client_version", &Record::client_version},
    {"transport", &Record::transport},
    {"method", &Record::method},
    {"tool", &Record::tool},
    {"arguments", &Record::arguments},
    {"outcome", &Record::outcome},
    {"duration_us", nullptr, &Record::duration},
    {"request_bytes", nullptr, &Record::request_bytes},
    {"response_bytes", nullptr, &Record::answer_bytes},
    {"error", &Record::error},
    {"server", &Record::server, nullptr, observe::kDefaultServer},
};

// Names of added columns that a database lacks, because nothing of this release may write to it.
using Absent = std::vector<std::string_view>;

inline bool is_in(const Absent& absent, const Column& column) {
  return std::find(absent.begin(), absent.end(), column.name) != absent.end();
}

inline bool is_added(const Column& column) { return !column.added_default.empty(); }

inline bool is_time(const Column& column) { return column.number == &Record::time; }

}  // namespace sidecar::audit
