// ErrorLine: finds the line that names the error among the last lines of a process. The last line
// seldom does: Node.js ends with its version, npm with the path of its log. Knows the forms that
// runtimes and package managers print; never what they mean. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sidecar::child {

// The line that names the error, without blanks around it and terminal colours: the exception below
// the last Python traceback; else the first line with "…Error: …" or "…Exception: …"; else the
// first one that is marked as an error ("error:", "[ERROR]", "panic:", "level=error", npm's);
// else the first one with such a word. Empty: none names an error. `lines`: oldest first.
std::string named_error(const std::vector<std::string_view>& lines);

// The last line that says something: no blank line, bracket, stack frame or footer. One without
// indentation is preferred. Empty: there is none.
std::string last_words(const std::vector<std::string_view>& lines);

}  // namespace sidecar::child
