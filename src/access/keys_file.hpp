// Keys file: API keys with their permissions, as JSON that `mcp-sidecar keys` writes and people may
// edit:
//
//   {"keys": [{"name": "vapi", "sha256": "<64 hex digits>", "expires": "2027-01-31T00:00:00Z",
//              "admin": true, "metrics": true, "readOnly": true,
//              "tools": {"allow": ["get_*"], "deny": ["get_secret"]},
//              "resources": {…}, "prompts": {…}}]}
//
// Only name and sha256 are required. An unknown member is an error, because a mistyped `deny` would
// otherwise permit everything. The file holds hashes, never keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/keys.hpp"
#include "util/result.hpp"

namespace sidecar::access {

inline constexpr std::size_t kMaxKeysFile = 4 << 20;  // bytes

// Errors: one line that names the key and the member, never a hash.
Result<std::vector<StoredKey>> parse_keys_file(std::string_view text);
// Whether a keys file may hold `pattern`. Errors: what a pattern must be, without `pattern` itself.
Result<void> check_pattern(std::string_view pattern);
// REQUIRES: every pattern is UTF-8 (check_pattern).
std::string keys_file_text(const std::vector<StoredKey>& keys);

// "2027-01-31" (00:00) or "2027-01-31T12:00:00Z"; always UTC.
Result<std::chrono::sys_seconds> parse_time(std::string_view text);
std::string time_text(std::chrono::sys_seconds time);

}  // namespace sidecar::access
