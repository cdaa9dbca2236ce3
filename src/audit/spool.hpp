// Spool: records on disk that the database could not take yet: a folder of append-only files with a JSON line
// a record. A file is read as a whole, its records are given to the database, then it is deleted; whoever
// dies in between does so again, which is harmless: the database knows a record by its id.
//
//   fsync     after every append, before the records count as kept
//   bounded   in bytes of all files; beyond, an append is refused as a whole
//   torn      a line that a crash left half-written is skipped; a new run never appends to an old file
//
// One process uses a folder (it is locked). One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "audit/record.hpp"
#include "util/result.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::audit {

class Spool {
 public:
  static constexpr std::size_t kFileBytes = 4 << 20;  // a file that has grown to this is not appended to

  // Makes the folder (0700) where there is none. Errors: it cannot be used, or another process does.
  static Result<Spool> open(std::filesystem::path folder, std::size_t limit_bytes);

  bool empty() const { return files_.empty(); }
  std::size_t bytes() const { return bytes_; }

  // Errors: full, or what the system says; then nothing of it was kept.
  Result<void> append(std::span<const Record> records);

  struct Part {
    std::vector<Record> records;
    std::size_t unreadable = 0;  // lines that are no records
  };
  // What the oldest file holds. REQUIRES: not empty.
  Result<Part> oldest();
  // Deletes that file.
  Result<void> drop_oldest();

 private:
  struct File {
    std::uint64_t number;
    std::size_t bytes;
  };

  Spool(std::filesystem::path folder, std::size_t limit) : folder_(std::move(folder)), limit_(limit) {}
  std::filesystem::path path_of(std::uint64_t number) const;
  Result<void> begin_file();

  std::filesystem::path folder_;
  std::size_t limit_;
  std::size_t bytes_ = 0;
  std::deque<File> files_;  // oldest first
  std::uint64_t next_ = 1;
  UniqueFd lock_;
  UniqueFd out_;  // the last of the files, while that is appended to
};

}  // namespace sidecar::audit
