// Spool: records on disk while the database is unavailable: a folder of append-only files with one
// JSON line per record. A file is read as a whole and deleted once the database has its records.
// After a crash in between, the file is read again; the database ignores ids that it has.
//
//   durable   fdatasync() after every append, before the records count as kept
//   bounded   in bytes of all files and of each owner (Shares::leaves_room); records that do not
//             fit are left to the caller
//   torn      lines that a crash left incomplete are skipped; a new run appends to no old file
//
// The folder is locked for one process. Owned by Writer. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "audit/holdings.hpp"
#include "audit/record.hpp"
#include "util/result.hpp"
#include "util/shares.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::audit {

class Spool {
 public:
  static constexpr std::size_t kFileBytes = 4 << 20;  // a file of this size gets no more records

  // Creates a missing folder (0700). Errors: the folder is unusable, or another process uses it.
  static Result<Spool> open(std::filesystem::path folder, std::size_t limit_bytes);
  Spool(Spool&&) = default;

  // Reads the owners of the records in files of an earlier run; before, no owner is charged for
  // them. Takes seconds for hundreds of megabytes.
  void count_owners();

  bool empty() const { return files_.empty(); }
  std::size_t bytes() const { return shares_->used(); }

  enum class Room {
    kOfOwner,  // the rest of the owner's share
    kAll,      // the rest of the spool
  };
  // Moves the records that it has written from `records` to the result; the others do not fit.
  // Errors: the system's message; then no record was written.
  Result<std::vector<Record>> append(std::vector<Record>& records, Room room = Room::kOfOwner);

  struct Part {
    std::vector<Record> records;
    std::size_t unreadable = 0;  // lines that are not records
  };
  // Contents of the oldest file. REQUIRES: !empty().
  Result<Part> oldest();
  // Deletes the oldest file. REQUIRES: !empty().
  Result<void> drop_oldest();

 private:
  struct File {
    std::uint64_t number;
    std::size_t bytes;
    Holdings owners;
  };

  Spool(std::filesystem::path folder, std::size_t limit)
      : folder_(std::move(folder)), shares_(std::make_unique<Shares>(limit)) {}
  std::filesystem::path path_of(std::uint64_t number) const;
  Result<void> begin_file();
  std::string_view account_of(std::string_view owner) const;

  std::filesystem::path folder_;
  std::unique_ptr<Shares> shares_;  // by pointer: Holdings refer to it, and a Spool is movable
  std::deque<File> files_;          // oldest first
  std::uint64_t next_ = 1;
  UniqueFd lock_;
  UniqueFd out_;  // the newest file, while records are appended to it
};

}  // namespace sidecar::audit
