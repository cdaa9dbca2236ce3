#include "util/encoding.hpp"

#include <string>

#include "support/catch.hpp"

using namespace sidecar;

TEST_CASE("encoding: bytes become two lower-case hex digits each") {
  const unsigned char bytes[] = {0x00, 0x9f, 0xab, 0xff};
  CHECK(hex(bytes) == "009fabff");
  CHECK(hex({}).empty());
}

TEST_CASE("encoding: base64url has no padding, no other characters and no impossible length") {
  for (const char* text : {"ab", "abc", "abcd", "Az09-_"}) CHECK(is_base64url(text));
  for (const char* text : {"", "a", "abcde", "ab==", "ab+c", "ab/c", "ab c"})
    CHECK_FALSE(is_base64url(text));
}

TEST_CASE("encoding: a time is written in the format of JavaScript's toISOString") {
  using namespace std::chrono_literals;
  const std::chrono::system_clock::time_point epoch;
  CHECK(iso_time(epoch) == "1970-01-01T00:00:00.000Z");
  CHECK(iso_time(epoch + 1'764'104'400'007ms) == "2025-11-25T21:00:00.007Z");
}

TEST_CASE("encoding: control characters, marks of direction and broken UTF-8 are escaped") {
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

TEST_CASE("encoding: escaped() leaves plain text, line ends and other UTF-8 characters unchanged") {
  for (const char* text :
       {"", "a b\nc\r\n", "gr\xc3\xbc\xc3\x9f \xe2\x80\x93 \xf0\x9f\x98\x80 \xc2\xa0"})
    CHECK(escaped(text) == text);
}
