// SqliteStore: the audit log in one SQLite file (0600). WAL mode permits readers during writes;
// synchronous=FULL makes commits durable. A file with tables of another program is not opened. When
// the file has been moved or replaced, insert() opens its path again. One thread.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <memory>
#include <optional>
#include <sys/types.h>

#include "audit/columns.hpp"
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
  Absent absent_columns();
  std::optional<ino_t> inode() const;
  std::int64_t used_bytes();
  int delete_older(std::int64_t time);
  int trim_by(std::int64_t bytes);

  const std::filesystem::path file_;
  const Access access_;
  std::unique_ptr<SQLite::Database> database_;
  std::unique_ptr<SQLite::Statement> insert_;
  std::optional<ino_t> inode_;
  Absent absent_;  // with Access::kRead
};

}  // namespace sidecar::audit
