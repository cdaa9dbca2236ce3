// Files that are read again when they change: the keys file and the keys of access tokens. Any
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "access/keys_file.hpp"
#include "util/result.hpp"

namespace sidecar::app {

// Differs after a file was changed or replaced, as editors and Kubernetes do.
struct FileStamp {
  std::chrono::nanoseconds changed{};
  std::uintmax_t size = 0;
  std::uint64_t file = 0;

  // All zero if the file does not exist.
  static FileStamp of(const std::filesystem::path& path);
  bool operator==(const FileStamp&) const = default;
};

// Errors: one line without the path: no such file, not a file, more than `most` bytes, not
// readable.
Result<std::string> read_whole_file(const std::filesystem::path& path, std::uintmax_t most);

// Errors: one line with the path.
Result<std::vector<access::StoredKey>> read_keys_file(const std::filesystem::path& path);

}  // namespace sidecar::app
