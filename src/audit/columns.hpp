// Columns: the columns of `api_audit_log` in order. Inserts, queries, CSV and JSON are made from
// this list. A new column needs a field of Record, a row here and a migration.
#pragma once

#include <string_view>

#include "audit/record.hpp"

namespace sidecar::audit {

// Either `text` or `number` is set.
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
