// Text: helpers for reading configuration text. No state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

namespace sidecar::config {

// White space within a line.
constexpr bool blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
constexpr bool control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

constexpr bool quote(char c) { return c == '"' || c == '\'' || c == '`'; }

// True if one kind of quote is around the text, as `docker run --env-file` leaves it: unlike a
// shell or a `.env` file, it takes no quotes off. Blanks and line ends around it do not count.
bool in_quotes(std::string_view text);
inline constexpr std::string_view kInQuotes =
    "is in quotes, which would be part of it: write it without quotes";

// The text of a file that people write, without its byte order mark. Errors: UTF-16.
Result<std::string_view> plain_text(std::string_view file);

// Removes blanks at both ends.
std::string_view trimmed(std::string_view text);

std::string lower_case(std::string_view text);

// The items of a comma list, trimmed; empty items are dropped.
std::vector<std::string_view> list_items(std::string_view text);

// "A, B, C"; beyond 20 names "… and 5 more", to keep log lines short.
std::string listed(const std::vector<std::string>& names);

// The text in a form for one-line errors: control characters become `?`, and it is cut (between
// UTF-8 characters) at about 60 bytes.
std::string shown(std::string_view text);

}  // namespace sidecar::config
