// Values: reads the text of one setting as a number, a duration, a size, a switch. Knows no setting
// by name. Errors say what was expected, never what was given: the caller shows that, unless it is
// secret.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"
#include "util/token_bucket.hpp"

namespace sidecar::config {

// A whole decimal number in [least, most], without sign.
Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most);

// "30000" and "30000ms" are milliseconds; "30s", "5m", "1h".
Result<std::chrono::milliseconds> parse_duration(std::string_view text,
                                                 std::chrono::milliseconds least,
                                                 std::chrono::milliseconds most);

// "65536" is bytes; "64KB", "10MB", "1GB" count in 1024s; "64K" and "64KiB" mean the same as
// "64KB".
Result<std::size_t> parse_size(std::string_view text, std::size_t least, std::size_t most);

// "60" is 60 a minute, "100/15m" 100 in 15 minutes; "off" and "0" are no limit. Up to 1,000,000, in
// 1s to 24h.
Result<Rate> parse_rate(std::string_view text);

// true, yes, on, 1; false, no, off, 0.
Result<bool> parse_switch(std::string_view text);

// Words of a command line as a POSIX shell splits them: white space, '…', "…" and backslashes, but
// nothing is expanded ($NAME, *, ~, `…`) and no operator (|, >, &&, ;) is known: all of them are
// ordinary characters.
Result<std::vector<std::string>> parse_words(std::string_view text);

// The shortest exact text: "30m", "1500ms", "10MB".
std::string duration_text(std::chrono::milliseconds duration);
std::string size_text(std::size_t bytes);

}  // namespace sidecar::config
