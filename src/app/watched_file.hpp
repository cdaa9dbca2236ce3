// Files that are looked at again and again. FileStamp: what a file that was changed differs in;
// editors and Kubernetes put a new one in its place. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "util/result.hpp"

namespace sidecar::app {

struct FileStamp {
  std::chrono::nanoseconds changed{};
  std::uintmax_t size = 0;
  std::uint64_t file = 0;

  // All zero for a file that is not there.
  static FileStamp of(const std::filesystem::path& path);
  bool operator==(const FileStamp&) const = default;
};

// Errors: one line that says why, without the path: no such file, not a file, more than `most`
// bytes, not readable.
Result<std::string> read_whole_file(const std::filesystem::path& path, std::uintmax_t most);

}  // namespace sidecar::app
