// SqliteStore: the audit log in one SQLite file, in WAL mode, so that it can be read while it is
// written. A transaction is on disk when it is committed (synchronous=FULL). The file must be ours
// alone: one with tables of something else is not opened. It is made with 0600. A file that was
// moved away or replaced is noticed.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <memory>
#include <optional>
#include <sys/types.h>

#include "audit/store.hpp"

namespace sidecar::audit {

class SqliteStore : public Store {
 public:
  SqliteStore(std::filesystem::path file, Access access)
      : file_(std::move(file)), access_(access) {}

  StoreResult<void> open(Clock::time_point until) override;
  StoreResult<void> insert(std::span<const Record> records, Clock::time_point until) override;
  StoreResult<bool> expire(const Retention& retention, WallTime now,
                           Clock::time_point until) override;
  StoreResult<void> read(const Filter& filter,
                         const std::function<bool(const Record&)>& each) override;
  StoreResult<void> backup(const std::filesystem::path& file) override;

 private:
  template <class Action>
  auto attempt(Action action) -> decltype(action());
  void migrate();
  std::optional<ino_t> inode() const;
  std::int64_t used_bytes();
  int delete_older(std::int64_t time);
  int trim_by(std::int64_t bytes);

  const std::filesystem::path file_;
  const Access access_;
  std::unique_ptr<SQLite::Database> database_;
  std::unique_ptr<SQLite::Statement> insert_;
  std::optional<ino_t> inode_;
};

}  // namespace sidecar::audit
