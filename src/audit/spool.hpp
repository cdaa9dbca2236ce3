// Spool: records on disk that the database could not take yet: a folder of append-only files with a
// JSON line a record. A file is read as a whole, its records are given to the database, then it is
// deleted; whoever dies in between does so again, which is harmless: the database knows a record by
// its id.
//
//   fsync     after every append, before the records count as kept
//   bounded   in bytes of all files, and in bytes of each owner (Shares::leaves_room); what has no room is
//             left to the caller
//   torn      a line that a crash left half-written is skipped; a new run never appends to an old file
//
// One process uses a folder (it is locked). One thread.
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
  // a file that has grown to this is not appended to
  static constexpr std::size_t kFileBytes = 4 << 20;

  // Makes the folder (0700) where there is none. Errors: it cannot be used, or another process
  // does.
  static Result<Spool> open(std::filesystem::path folder, std::size_t limit_bytes);
  Spool(Spool&&) = default;

  // Reads whose records the files of an earlier run hold; until then they are nobody's. Takes
  // seconds when there are hundreds of megabytes.
  void count_owners();

  bool empty() const { return files_.empty(); }
  std::size_t bytes() const { return shares_->used(); }

  enum class Room {
    kOfOwner,  // what its owner's share has left
    kAll,      // what the spool has left
  };
  // Moves those that it has kept from `records` to what it returns; the others have no room.
  // Errors: what the system says; then nothing was kept.
  Result<std::vector<Record>> append(std::vector<Record>& records, Room room = Room::kOfOwner);

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
    Holdings owners;
  };

  Spool(std::filesystem::path folder, std::size_t limit)
      : folder_(std::move(folder)), shares_(std::make_unique<Shares>(limit)) {}
  std::filesystem::path path_of(std::uint64_t number) const;
  Result<void> begin_file();
  std::string_view account_of(std::string_view owner) const;

  std::filesystem::path folder_;
  std::unique_ptr<Shares> shares_;  // holdings point to it, and the spool is moved
  std::deque<File> files_;          // oldest first
  std::uint64_t next_ = 1;
  UniqueFd lock_;
  UniqueFd out_;  // the last of the files, while that is appended to
};

}  // namespace sidecar::audit
