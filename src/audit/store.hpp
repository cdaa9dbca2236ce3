// Store: a database with the table `api_audit_log`. Makes its tables itself, by versioned
// migrations, and touches none that it did not make. Calls block, no longer than `until` as far as
// the database's library lets it. One thread.
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
#include "util/result.hpp"
#include "util/timers.hpp"

namespace sidecar::audit {

struct StoreError {
  enum class Kind {
    kUnavailable,  // now; it may work later
    // nothing is written there until somebody changes something: tables of others, a newer version
    kUnusable,
    kRefused,  // these records, whatever is tried
  };
  Kind kind = Kind::kUnavailable;
  std::string message;  // one line, no secrets
};

template <class T>
using StoreResult = tl::expected<T, StoreError>;

// What is asked for; empty texts and missing times ask for everything.
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

// What may be kept. 0: no limit.
struct Retention {
  std::chrono::hours age{0};
  std::size_t bytes = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // Connects, and brings the tables to this version. May be called again after an error.
  virtual StoreResult<void> open(Clock::time_point until) = 0;
  // All of them or none. A record whose id is there already is left as it is.
  virtual StoreResult<void> insert(std::span<const Record> records, Clock::time_point until) = 0;
  // Deletes some of what is too old or too much; true: there may be more.
  virtual StoreResult<bool> expire(const Retention& retention, WallTime now,
                                   Clock::time_point until) = 0;

  // For the command line. `each` is called for every record, in the order of their time; false ends
  // it.
  virtual StoreResult<void> read(const Filter& filter,
                                 const std::function<bool(const Record&)>& each) = 0;
  // A consistent copy in a new file, while others write. Errors: also where the database has means
  // of its own.
  virtual StoreResult<void> backup(const std::filesystem::path& file) = 0;
};

// kRead: open() makes and changes nothing, and fails where nothing is
enum class Access { kWrite, kRead };

// `address`: sqlite:PATH or postgresql://…; Errors: none of these, not well-formed, or without the
// module that PostgreSQL needs.
Result<std::unique_ptr<Store>> make_store(const std::string& address, Access access);

// The file of sqlite:PATH; nothing for any other address.
std::optional<std::filesystem::path> sqlite_file(const std::string& address);

}  // namespace sidecar::audit
