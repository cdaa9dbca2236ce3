// How bytes, times and foreign text are written as text. No state; any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace sidecar {

// Lower-case hex, two characters a byte.
inline std::string hex(std::span<const unsigned char> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// Whether `text` is base64url without padding (RFC 4648, section 5), as JOSE uses it. Not empty.
inline bool is_base64url(std::string_view text) {
  return !text.empty() && text.size() % 4 != 1 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

// The format of JavaScript's toISOString: "2026-11-25T21:00:00.000Z". REQUIRES: 1970 or later.
std::string iso_time(std::chrono::system_clock::time_point time);

// `text` with everything escaped that could control a terminal or a log viewer. Written as \u001b:
// control characters (C0 except LF and CR LF, DEL, C1), line and paragraph separators, and marks
// that change the direction of writing. Written as \x9b: bytes that are not UTF-8. All other
// characters are unchanged.
std::string escaped(std::string_view text);

}  // namespace sidecar
