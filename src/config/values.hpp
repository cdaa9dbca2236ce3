// Values: reads the text of one setting as a number, duration, size, rate or switch.
// Knows no setting by name. Errors name what was expected and never contain the text, which may be
// secret; the caller adds it. No state.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "util/result.hpp"
#include "util/token_bucket.hpp"

namespace sidecar::config {

// A decimal number in [least, most], without a sign.
Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most);

// "30000" and "30000ms" are milliseconds; "30s", "5m", "1h", "30d".
Result<std::chrono::milliseconds> parse_duration(std::string_view text,
                                                 std::chrono::milliseconds least,
                                                 std::chrono::milliseconds most);

// "65536" is bytes. "64KB", "10MB" and "1GB" are powers of 1024; "64K" and "64KiB" equal "64KB".
Result<std::size_t> parse_size(std::string_view text, std::size_t least, std::size_t most);

// "60" is 60 a minute, "100/15m" is 100 in 15 minutes; "off" and "0" mean no limit. Up to 1,000,000
// requests in 1 s to 24 h.
Result<Rate> parse_rate(std::string_view text);

// true, yes, on, 1; false, no, off, 0.
Result<bool> parse_switch(std::string_view text);

// The shortest exact text: "30m", "1500ms", "10MB".
std::string duration_text(std::chrono::milliseconds duration);
std::string size_text(std::size_t bytes);

}  // namespace sidecar::config
