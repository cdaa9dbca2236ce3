// Files: reads and writes whole files, and keeps keys in files. Blocking calls, any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "util/result.hpp"

namespace sidecar {

// The whole file. Errors: the system's message, with the path.
Result<std::string> read_all(const std::filesystem::path& path);

// Errors: as above; part of `text` may have been written.
Result<void> write_all(int fd, std::string_view text, const std::filesystem::path& path);

// Makes the entry of a new file survive a power failure.
Result<void> sync_folder(const std::filesystem::path& folder);

// The key in the file. A missing file is created (0600) with a random key; programs that start at
// the same time get the same one. Errors: as above, and a key of less than 32 bytes.
Result<std::string> load_or_make_key(const std::filesystem::path& path);

}  // namespace sidecar
