#include "config/values.hpp"

#include <string>
#include <vector>

#include "config/text.hpp"
#include "support/catch.hpp"

using namespace sidecar;
using namespace sidecar::config;
using std::chrono::milliseconds;
using Words = std::vector<std::string>;

TEST_CASE("values: a number is decimal digits within its bounds") {
  CHECK(parse_number("0", 0, 9) == 0U);
  CHECK(parse_number(" 9 ", 0, 9) == 9U);
  for (const std::string text :
       {"", "-1", "+1", "10", "1.0", "0x1", "1 2", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK(parse_number(text, 0, 9).error().message == "not a whole number (0–9)");
  }
}

TEST_CASE("values: a duration without unit is milliseconds") {
  const auto read = [](std::string_view text) {
    return parse_duration(text, milliseconds(0), milliseconds(86'400'000));
  };
  CHECK(read("1500") == milliseconds(1500));
  CHECK(read("1500ms") == milliseconds(1500));
  CHECK(read("30s") == milliseconds(30'000));
  CHECK(read(" 5 M ") == milliseconds(300'000));
  CHECK(read("24h") == milliseconds(86'400'000));
  CHECK(read("1d") == milliseconds(86'400'000));
  for (const std::string text : {"", "s", "-1", "1.5s", "1w", "1s2", "1 s s"}) {
    CAPTURE(text);
    CHECK_FALSE(read(text));
  }
}

TEST_CASE(
    "values: the error for a duration out of bounds names the bound, and the unit if none was "
    "given") {
  const auto read = [](std::string_view text) {
    return parse_duration(text, milliseconds(1'000), milliseconds(60'000));
  };
  CHECK(read("30").error().message == "shorter than 1s (a plain number is milliseconds)");
  CHECK(read("30ms").error().message == "shorter than 1s");
  CHECK(read("2m").error().message == "longer than 1m");
  CHECK(read("18446744073709551615h").error().message == "longer than 1m");
}

TEST_CASE("values: a size without a unit is bytes, units are powers of 1024") {
  const auto read = [](std::string_view text) { return parse_size(text, 1, std::size_t{1} << 40); };
  CHECK(read("65536") == 65536U);
  CHECK(read("64KB") == 65536U);
  CHECK(read("64k") == 65536U);
  CHECK(read("64 KiB") == 65536U);
  CHECK(read("10MB") == 10U << 20);
  CHECK(read("2g") == std::size_t{2} << 30);
  CHECK(read("7b") == 7U);
  for (const std::string text : {"", "MB", "-1", "1.5MB", "1TB", "0"}) {
    CAPTURE(text);
    CHECK_FALSE(read(text));
  }
  CHECK(parse_size("10", 1024, 2048).error().message == "less than 1KB (a plain number is bytes)");
  CHECK(parse_size("3KB", 1024, 2048).error().message == "more than 2KB");
}

TEST_CASE("values: a switch accepts the usual words") {
  for (const std::string text : {"true", "YES", "on", " 1 "}) CHECK(parse_switch(text) == true);
  for (const std::string text : {"false", "No", "off", "0"}) CHECK(parse_switch(text) == false);
  for (const std::string text : {"", "maybe", "2"}) CHECK_FALSE(parse_switch(text));
}

TEST_CASE("values: amounts are formatted in the largest exact unit") {
  CHECK(duration_text(milliseconds(1'800'000)) == "30m");
  CHECK(duration_text(milliseconds(90'000)) == "90s");
  CHECK(duration_text(milliseconds(1'500)) == "1500ms");
  CHECK(duration_text(milliseconds(0)) == "0");
  CHECK(size_text(10 << 20) == "10MB");
  CHECK(size_text(1025) == "1025");
}

TEST_CASE("text: an error shows one short line of whole characters") {
  CHECK(shown("a\nb\x7f\x01") == "a?b??");
  CHECK(shown(std::string(60, 'x')) == std::string(60, 'x'));
  CHECK(shown(std::string(61, 'x')) == std::string(60, 'x') + "…");
  CHECK(shown(std::string(59, 'x') + "ää") == std::string(59, 'x') + "…");
}

TEST_CASE("text: a long list of names ends in the number of the others") {
  const std::vector<std::string> names(23, "N");
  CHECK(listed({"A", "B"}) == "A, B");
  CHECK_THAT(listed(names), Catch::Matchers::EndsWith("N, N and 3 more"));
}

TEST_CASE("text: quotes of one kind around a text are found, also within blanks and line ends") {
  for (const char* text : {"'a'", "\"a\"", "`a`", "''", " 'a b'\r\n", "'a','b'"})
    CHECK(in_quotes(text));
  for (const char* text : {"", "'", "a", "'a\"", "'a", "a'", "a'b'"}) CHECK_FALSE(in_quotes(text));
}

TEST_CASE("text: the byte order mark of a file is skipped, and UTF-16 is refused") {
  CHECK(*plain_text("\xEF\xBB\xBF"
                    "a") == "a");
  CHECK(*plain_text("a\xEF\xBB\xBF") == "a\xEF\xBB\xBF");
  CHECK(plain_text("")->empty());
  for (const std::string_view text : {std::string_view("\xFF\xFE"
                                                       "a\0",
                                                       4),
                                      std::string_view("\xFE\xFF\0a", 4)})
    CHECK(plain_text(text).error().message == "UTF-16 text: save it as UTF-8");
}

TEST_CASE("values: a rate is requests per minute, or per window after the slash") {
  CHECK(parse_rate("60") == Rate{60, milliseconds(60'000)});
  CHECK(parse_rate(" 100 / 15m ") == Rate{100, milliseconds(900'000)});
  CHECK(parse_rate("1/1s") == Rate{1, milliseconds(1'000)});
  CHECK(parse_rate("5/5000") == Rate{5, milliseconds(5'000)});
  for (const std::string text : {"off", "OFF", "0"}) CHECK_FALSE(parse_rate(text)->on());
  for (const std::string text : {"", "-1", "0/1m", "1.5", "60/", "/1m", "60/999", "60/25h",
                                 "60/1m/1m", "sixty", "1000001"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rate(text));
  }
  CHECK(parse_rate("60/1").error().message.find("(a plain number is milliseconds)") !=
        std::string::npos);
}
