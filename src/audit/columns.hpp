// Columns of `api_audit_log`, in their order: the one list that tables, inserts, queries, CSV and
// JSON are made from. A new column is a field of Record, a row here and a migration.
#pragma once

#include <string_view>

#include "audit/record.hpp"

namespace sidecar::audit {

// Exactly one of the members is set.
struct Column {
  std::string_view name;
  std::string Record::*text = nullptr;
  std::int64_t Record::*number = nullptr;
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
};

inline bool is_time(const Column& column) { return column.number == &Record::time; }

}  // namespace sidecar::audit
