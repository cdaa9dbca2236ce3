// Store: a database with the table `api_audit_log`. Creates its tables by versioned migrations and
// leaves tables of others alone. Calls block until `until` at most, as far as the library of the
// database supports it. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/record.hpp"
#include "config/settings.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"

namespace sidecar::audit {

struct StoreError {
  enum class Kind {
    kUnavailable,  // a later attempt may succeed
    kUnusable,     // needs the operator: tables of another program, a newer version
    kRefused,      // the database never accepts these records
  };
  Kind kind = Kind::kUnavailable;
  std::string message;  // one line, no secrets
};

template <class T>
using StoreResult = tl::expected<T, StoreError>;

// Empty texts and missing times match every record.
struct Filter {
  std::optional<std::int64_t> since;  // microseconds since 1970; included
  std::optional<std::int64_t> until;  // not included
  std::string key;
  std::string method;
  std::string tool;
  std::string outcome;
  bool newest_first = false;
  std::size_t limit = 0;  // 0: all
};

using Retention = config::Retention;

class Store {
 public:
  virtual ~Store() = default;

  // Connects and migrates the tables. May be called again after an error.
  virtual StoreResult<void> open(Clock::time_point until) = 0;
  // Inserts all records or none. A record whose id exists is left unchanged.
  virtual StoreResult<void> insert(std::span<const Record> records, Clock::time_point until) = 0;
  // Deletes some of the records beyond `retention`. True: there may be more.
  virtual StoreResult<bool> expire(const Retention& retention, WallTime now,
                                   Clock::time_point until) = 0;

  // For the `audit` command. Calls `each` for the records in order of time, until it returns false.
  virtual StoreResult<void> read(const Filter& filter,
                                 const std::function<bool(const Record&)>& each) = 0;
  // Writes a consistent copy to a new file while others write. Error for PostgreSQL, which has its
  // own tools.
  virtual StoreResult<void> backup(const std::filesystem::path& file) = 0;
};

// kRead: open() creates and changes nothing, and fails without an audit log.
enum class Access { kWrite, kRead };

// `address`: sqlite:PATH or postgresql://…. Errors: a malformed address, or the PostgreSQL module
// cannot be loaded. Loop thread only.
Result<std::unique_ptr<Store>> make_store(const std::string& address, Access access);

// The PATH of sqlite:PATH; empty for other addresses.
std::optional<std::filesystem::path> sqlite_file(const std::string& address);

}  // namespace sidecar::audit
