// Dotenv: reads a `.env` file. Knows the grammar, but no setting. No state.
//
//   NAME=value           unquoted: surrounding white space is dropped; a comment starts only at
//   export NAME=value    white space and `#`; no escapes, no expansion of $NAME
//   NAME="one\ntwo"      double quotes: only \n and \r are expanded; may span lines
//   NAME='literal'       single quotes and backticks: nothing is expanded; may span lines
//   # comment            a line without `=` is ignored, with a warning
//
// A quote closes only if white space or a comment follows it, so "{"a":1}" is {"a":1}. A quote that
// does not close is literal. LF, CRLF and CR end a line. A byte order mark is skipped. Of several
// lines with one name the last counts.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

namespace sidecar::config {

// About the size of environment that the kernel accepts: a larger file could not be passed to the
// child.
inline constexpr std::size_t kMaxDotenvBytes = 1 << 20;
inline constexpr std::size_t kMaxDotenvPairs = 4096;
// The kernel's limit for one `NAME=value` with its NUL (MAX_ARG_STRLEN).
inline constexpr std::size_t kMaxDotenvPairBytes = 128 << 10;

struct DotenvPair {
  std::string name;
  std::string value;
  std::size_t line = 0;  // the first line of its value, from 1

  bool operator==(const DotenvPair&) const = default;
};

struct Dotenv {
  std::string file;                   // name in messages; empty if there is no file
  std::vector<DotenvPair> pairs;      // each name once, in the order of first appearance
  std::vector<std::string> warnings;  // one line each, never with a value
};

// Errors: `.env:3: …` for text that no program could be given (NUL, too long) and for UTF-16.
Result<Dotenv> parse_dotenv(std::string_view text, std::string file);

// Errors: as above, and `.env: …` if the file does not exist or cannot be read. `shown`: the name
// in messages.
Result<Dotenv> read_dotenv(const std::filesystem::path& path, std::string shown);

}  // namespace sidecar::config
