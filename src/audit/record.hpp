// Record: one call in the audit log: a row of `api_audit_log` or a line of the spool. Plain data
// with bounds; every text is valid UTF-8 without NUL, as both databases require. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "observe/calls.hpp"
#include "util/result.hpp"

namespace sidecar::audit {

using WallTime = std::chrono::system_clock::time_point;

// Bytes. Longer texts are truncated and end in "…".
inline constexpr std::size_t kMaxText = 1'000;
inline constexpr std::size_t kMaxArguments = 64 << 10;
inline constexpr std::size_t kMaxServer = 64;  // of the name of a wrapped server

// Recorded when a call had arguments that could not be extracted.
inline constexpr std::string_view kUnreadable = "unreadable";

// The order is that of the columns.
struct Record {
  std::string id;         // UUID, version 7: unique, ascending with time
  std::int64_t time = 0;  // start of the call, microseconds since 1970, UTC
  std::string key;        // name of the caller's key; empty: none
  std::string address;
  std::string session;  // first 8 characters of the id, as in the log; empty: none
  std::string client;   // clientInfo of `initialize`
  std::string client_version;
  std::string transport;
  std::string method;
  std::string tool;       // or name of a prompt, or URI of a resource
  std::string arguments;  // empty, "hmac-sha256:<hex>", JSON or kUnreadable
  std::string outcome;
  std::int64_t duration = 0;  // microseconds
  std::int64_t request_bytes = 0;
  std::int64_t answer_bytes = 0;
  std::string error;
  std::string server{observe::kDefaultServer};  // name of the wrapped server

  // Approximate size in memory.
  std::size_t bytes() const;
  // Owner of the share of queue and spool that the record uses.
  std::string_view owner() const { return key.empty() ? address : key; }
  bool operator==(const Record&) const = default;
};

// `arguments` is recorded as given; the texts of `call` pass through fit().
Record make_record(const observe::CallRecord& call, std::string arguments);

// Record::owner() of `caller`'s records.
std::string owner_of(const auth::Principal& caller);

// Truncates to `most` bytes, "…" included, at a character boundary; invalid UTF-8 and NUL become
// U+FFFD.
std::string fit(std::string_view text, std::size_t most);

// One line of JSON without its line end; members are named after the columns.
std::string to_json(const Record& record);
// Takes lines of former releases too: added columns may be missing.
Result<Record> from_json(std::string_view line);

// "2026-01-31T23:59:59.123456Z"
std::string time_text(std::int64_t microseconds);
// Parses the same form; fraction, seconds and time of day may be omitted.
Result<std::int64_t> parse_time(std::string_view text);

}  // namespace sidecar::audit
