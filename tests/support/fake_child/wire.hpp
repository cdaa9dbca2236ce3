// What comes on stdin and what goes to stdout and stderr, byte for byte.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fake {

void write_all(int fd, std::string_view text);
void write_repeated(char byte, std::size_t count);  // to stdout
void say(std::string line);                         // a line to stdout
void mutter(std::string line);                      // a line to stderr

std::optional<std::string> next_line();  // nothing: stdin has ended

// The bytes of a member of the object `json`, as they came: a JSON library would refuse 1e400 or
// turn 1.10 into 1.1. Empty when there is none, or when this is no object.
std::string raw_member(std::string_view json, std::string_view name);

// The text of a member that is a string.
std::string text_member(std::string_view json, std::string_view name);

}  // namespace fake
