// Text: the few things that every reader of configuration text needs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sidecar::config {

// White space inside one line.
constexpr bool blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
constexpr bool control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

// Without blanks at either end.
std::string_view trimmed(std::string_view text);

std::string lower_case(std::string_view text);

// The items of a comma list, trimmed; empty ones are left out.
std::vector<std::string_view> list_items(std::string_view text);

// "A, B, C"; beyond 20 names "… and 5 more", since a log line should stay readable.
std::string listed(const std::vector<std::string>& names);

// The text as an error may show it on one line: control characters as `?`, cut (between characters
// of UTF-8) at about 60 bytes.
std::string shown(std::string_view text);

}  // namespace sidecar::config
