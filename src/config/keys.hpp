// Keys: reads API keys from settings. Errors never contain any part of the text. No state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "util/result.hpp"

namespace sidecar::config {

inline constexpr std::size_t kMaxKeys = 1000;        // each request is compared with all of them
inline constexpr std::size_t kMaxKeyBytes = 4096;    // a key must fit into a request head
inline constexpr std::size_t kMaxKeyNameBytes = 64;  // names appear in logs and on pages

// `key`, `name:key` or `name:key:admin`, separated by commas or line ends. Several keys may share a
// name; one key has one name. The text before the first colon must be a name (letters, digits and
// . _ - @). A key may hold colons, but cannot end in ":admin": such a key belongs into MCP_API_KEY,
// MCP_ADMIN_KEY or a keys file.
// Refused: a name followed by the word admin as the key, a last part that differs from "admin" in
// case or blanks, and keys in quotes.
Result<std::vector<Key>> parse_key_list(std::string_view text);

// One key, which may hold commas and colons. One line end after it, as files have it, is dropped.
Result<std::vector<Key>> parse_single_key(std::string_view text);

// MCP_SECRET: a comma list of secrets of 24 characters or more (auth::Secret).
Result<std::vector<std::string>> parse_secrets(std::string_view text);

bool is_key_name(std::string_view text);

// The name of a key without one: the first 8 hex characters of its SHA-256.
std::string unnamed_key_name(std::string_view secret);

}  // namespace sidecar::config
