// Command: reads the command line of the wrapped server, and shows it without the values of
// variables in it, which are often secrets. No shell is involved. No state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "util/result.hpp"

namespace sidecar::config {

// Splits a command line into words as a POSIX shell does: white space, '…', "…" and backslashes.
// Nothing is expanded ($NAME, *, ~, `…`). Unquoted NAME=value words in front of the program are
// variables.
// Errors: no program, an open quote, and unquoted words that are operators of a shell, such as &&
// and 2>/dev/null. Longer words are arguments, so that a URL with & needs no quotes.
Result<Command> parse_command(std::string_view text);

// True if a shell would replace or interpret parts of the command line that parse_command() takes
// as they are: $NAME, `…`, ~ at the begin of a word, >file and word;.
bool has_shell_syntax(std::string_view text);

// A command line of these words, which parse_command() reads back.
std::string command_line(const std::vector<std::string>& words);

// For logs, errors and listings: *** in place of the values of variables (NAME=value, also behind
// -e and --env=) and of credentials in URLs. The words are joined by blanks.
std::string masked_command(const Command& command);
std::string masked_command(const std::vector<std::string>& words);
// The same for a command line, well formed or not.
std::string masked_command_line(std::string_view text);

// The values of variables in a command line, as parts of `text`; quotes may belong to them.
std::vector<std::string_view> variable_values(std::string_view text);

}  // namespace sidecar::config
