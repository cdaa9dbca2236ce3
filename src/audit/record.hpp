// Record: one call as the audit log keeps it: a row of `api_audit_log`, a line of the spool. Plain
// data with bounds: every text is valid UTF-8 without NUL, which is what both databases take. Any
// thread.
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

// Longest texts, in bytes; what is longer is cut and ends in "…".
inline constexpr std::size_t kMaxText = 1'000;
inline constexpr std::size_t kMaxArguments = 64 << 10;

// For arguments of a call that had some, but not in a form that says which.
inline constexpr std::string_view kUnreadable = "unreadable";

// The order is that of the columns.
struct Record {
  std::string id;         // UUID, version 7: unique, and rising with time
  std::int64_t time = 0;  // of the call's begin, microseconds since 1970, UTC
  std::string key;        // the caller's; empty: none
  std::string address;
  std::string session;  // the first 8 characters, as in the log; empty: none
  std::string client;   // name and version as the client says them
  std::string client_version;
  std::string transport;
  std::string method;
  std::string tool;       // or prompt, or URI of a resource
  std::string arguments;  // empty; or "hmac-sha256:<hex>"; or JSON; or kUnreadable
  std::string outcome;
  std::int64_t duration = 0;  // microseconds
  std::int64_t request_bytes = 0;
  std::int64_t answer_bytes = 0;
  std::string error;

  // What it takes in memory, about.
  std::size_t bytes() const;
  // Whose share of memory and disk it uses.
  std::string_view owner() const { return key.empty() ? address : key; }
  bool operator==(const Record&) const = default;
};

// `arguments`: as they are to be kept. Texts are mended and cut.
Record make_record(const observe::CallRecord& call, std::string arguments);

// Record::owner() of the calls of `caller`.
std::string owner_of(const observe::Caller& caller);

// Cut at a character, to `most` bytes at most with the "…"; bytes that are no UTF-8, and NUL,
// become U+FFFD.
std::string fit(std::string_view text, std::size_t most);

// One line of JSON without its line end, with the columns' names; `time` in their words is
// `timestamp`.
std::string to_json(const Record& record);
Result<Record> from_json(std::string_view line);

// "2026-01-31T23:59:59.123456Z", and back; the fraction may be shorter or left out, and so may the
// time of day.
std::string time_text(std::int64_t microseconds);
Result<std::int64_t> parse_time(std::string_view text);

}  // namespace sidecar::audit
