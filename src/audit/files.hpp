// Small dealings with files that the audit log needs in more than one place.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "util/result.hpp"

namespace sidecar::audit {

// The whole file. Errors: what the system says, with the path.
Result<std::string> read_all(const std::filesystem::path& path);

// Errors: as above; a part may have been written.
Result<void> write_all(int fd, std::string_view text, const std::filesystem::path& path);

// So that a file that was just made is found after a power cut.
Result<void> sync_folder(const std::filesystem::path& folder);

// The key for hashed arguments: what the file holds; a new random one is put there (0600) when
// there is none.
Result<std::string> load_or_make_key(const std::filesystem::path& path);

}  // namespace sidecar::audit
