#include "util/escaped.hpp"

#include <string>

#include "support/catch.hpp"

using sidecar::escaped;

TEST_CASE("escaped: what a terminal would obey is written as its code") {
  const struct {
    const char *text, *shown;
  } cases[] = {
      {"a\x1b[31mb", "a\\u001b[31mb"},
      {"a\tb\x07\x7f", "a\\u0009b\\u0007\\u007f"},
      {"\xc2\x9b", "\\u009b"},
      {"\xe2\x80\xa8\xe2\x80\xae", "\\u2028\\u202e"},
      {"\xe2\x81\xa6\xd8\x9c", "\\u2066\\u061c"},
      {"a\rb", "a\\u000db"},
      {"\x9b[31m", "\\x9b[31m"},
      {"\xc0\x9b\xe2\x80", "\\xc0\\x9b\\xe2\\x80"},
  };
  for (const auto& [text, shown] : cases) CHECK(escaped(text) == shown);
  CHECK(escaped(std::string("\0", 1)) == "\\u0000");
}

TEST_CASE("escaped: plain text, line ends and other characters of UTF-8 stay") {
  for (const char* text :
       {"", "a b\nc\r\n", "gr\xc3\xbc\xc3\x9f \xe2\x80\x93 \xf0\x9f\x98\x80 \xc2\xa0"})
    CHECK(escaped(text) == text);
}
