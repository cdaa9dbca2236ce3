// Keys: reads API keys. Errors never hold any part of the text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "util/result.hpp"

namespace sidecar::config {

inline constexpr std::size_t kMaxKeys = 1000;        // every request is compared with each of them
inline constexpr std::size_t kMaxKeyBytes = 4096;    // it has to fit a request head
inline constexpr std::size_t kMaxKeyNameBytes = 64;  // names stand in logs and on pages

// `key`, `name:key` or `name:key:admin`, separated by commas or line ends. Several keys may share a
// name; one key has one name. A name is made of letters, digits and . _ - @, so what comes before
// the first colon must be one. All else of a key may be colons, but not ":admin" at its end: such a
// key goes into MCP_API_KEY, MCP_ADMIN_KEY or a keys file. Refused: a key behind a name that is the
// word admin, a last part that differs from "admin" in case or blanks, and keys in quotes.
Result<std::vector<Key>> parse_key_list(std::string_view text);

// One key, commas and colons and all. One line end after it, as files have it, is not part of it.
Result<std::vector<Key>> parse_single_key(std::string_view text);

bool is_key_name(std::string_view text);

// The name of a key that has none: the first 8 hex characters of its SHA-256.
std::string unnamed_key_name(std::string_view secret);

}  // namespace sidecar::config
