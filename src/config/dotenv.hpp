// Dotenv: reads a `.env` file. Knows the grammar, not one setting.
//
//   NAME=value            unquoted: white space around it is not part of it; a comment starts only at white
//   space export NAME=value     and `#`; no escapes, no expansion of $NAME NAME="one\ntwo"       double
//   quotes: \n and \r are expanded, nothing else; may span lines NAME='as it is'       single quotes and
//   backticks: as it stands; may span lines # comment             a line without `=` is ignored with a
//   warning
//
// A quote closes where only white space or a comment follows it, so "{"a":1}" is {"a":1}; one that
// does not close is literal. LF, CRLF and CR end a line; a byte order mark is skipped. The last of
// several lines with one name counts.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

namespace sidecar::config {

// About what the kernel takes as a whole environment; a larger file could not be given to the
// child.
inline constexpr std::size_t kMaxDotenvBytes = 1 << 20;
inline constexpr std::size_t kMaxDotenvPairs = 4096;
// One `NAME=value` and its NUL: what the kernel takes as one string of an environment
// (MAX_ARG_STRLEN).
inline constexpr std::size_t kMaxDotenvPairBytes = 128 << 10;

struct DotenvPair {
  std::string name;
  std::string value;
  std::size_t line = 0;  // the first line of its value, from 1

  bool operator==(const DotenvPair&) const = default;
};

struct Dotenv {
  std::string file;                   // as messages show it; empty when there is none
  std::vector<DotenvPair> pairs;      // each name once, in the order of first appearance
  std::vector<std::string> warnings;  // one line each, never with a value
};

// Errors: `.env:3: …` for what could not be given to any program (NUL, too long), or text in
// UTF-16.
Result<Dotenv> parse_dotenv(std::string_view text, std::string file);

// Errors: as above, and `.env: …` for a file that is not there or cannot be read. `shown` is the
// name for messages.
Result<Dotenv> read_dotenv(const std::filesystem::path& path, std::string shown);

}  // namespace sidecar::config
