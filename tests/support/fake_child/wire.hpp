// Reads stdin and writes stdout and stderr, byte for byte.
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

std::optional<std::string> next_line();  // nullopt: stdin has ended

// The bytes of a member of the object `json`, unchanged: a JSON library would refuse 1e400 or turn
// 1.10 into 1.1. Empty if there is no such member or `json` is not an object.
std::string raw_member(std::string_view json, std::string_view name);

// The value of a string member.
std::string text_member(std::string_view json, std::string_view name);

}  // namespace fake
