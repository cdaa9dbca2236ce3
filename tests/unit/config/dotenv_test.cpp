#include "config/dotenv.hpp"

#include <map>
#include <string>

#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_folder.hpp"

using namespace sidecar;
using namespace sidecar::config;
using sidecar::test::Contains;

namespace {

Dotenv parsed(std::string_view text) {
  auto result = parse_dotenv(text, ".env");
  REQUIRE(result);
  return *std::move(result);
}

std::string error_of(std::string_view text) {
  const auto result = parse_dotenv(text, ".env");
  REQUIRE_FALSE(result);
  return result.error().message;
}

std::map<std::string, std::string> values(std::string_view text) {
  std::map<std::string, std::string> all;
  for (const DotenvPair& pair : parsed(text).pairs) all.emplace(pair.name, pair.value);
  return all;
}

// The one value of a file with one variable.
std::string value(std::string_view text) {
  const Dotenv dotenv = parsed(text);
  REQUIRE(dotenv.pairs.size() == 1);
  return dotenv.pairs.front().value;
}

bool warned(const Dotenv& dotenv, const std::string& part) {
  for (const std::string& warning : dotenv.warnings) {
    if (warning.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("dotenv: an unquoted value is the text between the blanks at its ends") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"A=b", "b"},
      {"  A  =  b c\t", "b c"},
      {"A=", ""},
      {"A=   ", ""},
      {"A=a=b==", "a=b=="},
      {"A=a#b", "a#b"},
      {"A=#b", "#b"},
      {"A=a #b", "a"},
      {"A=a\t# b # c", "a"},
      {"A= # b", ""},
      {"A=$HOME ${B} \\n", "$HOME ${B} \\n"},
      {"A=it's \"so\"", "it's \"so\""},
      {"A=\xC3\xA4 \xFF", "\xC3\xA4 \xFF"},
      {"export A=b", "b"},
      {"export\tA = b", "b"},
  }));
  CAPTURE(text);
  CHECK(value(text) == expected);
  CHECK(value(text + "\n") == expected);
  CHECK(value(text + "\r\n") == expected);
}

TEST_CASE("dotenv: a quoted value is the text between the quotes") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"A=\"b\"", "b"},
      {"A='b'", "b"},
      {"A=`b`", "b"},
      {"A=\"\"", ""},
      {"A=\" b \" # comment", " b "},
      {"A='b # c'# comment", "b # c"},
      {"A=`it's \"so\"`", "it's \"so\""},
      {"A=\"a\\nb\\rc\"", "a\nb\rc"},
      {"A=\"a\\tb\\\\c\\$d\"", "a\\tb\\\\c\\$d"},
      {"A='a\\nb'", "a\\nb"},
      {"A=`a\\nb`", "a\\nb"},
      {"A=\"say \\\"hi\\\"\"", "say \\\"hi\\\""},
      {"A='C:\\dir\\'", "C:\\dir\\"},
      {"A=\"{\"a\":\"b\"}\"", "{\"a\":\"b\"}"},
  }));
  CAPTURE(text);
  CHECK(value(text) == expected);
  CHECK(value(text + "\r\n") == expected);
}

TEST_CASE("dotenv: a quoted value may span lines with any line end") {
  CHECK(values("A=\"one\r\ntwo # no comment\n\nthree\" # comment\nB=x") ==
        std::map<std::string, std::string>{{"A", "one\ntwo # no comment\n\nthree"}, {"B", "x"}});
  CHECK(values("A='one\ntwo'\nB=x") ==
        std::map<std::string, std::string>{{"A", "one\ntwo"}, {"B", "x"}});
  CHECK(parsed("\nA=\"one\ntwo\"\nB=x").pairs.back() == DotenvPair{"B", "x", 4});
}

TEST_CASE("dotenv: a quote that does not close is literal, with a warning that hides the value") {
  const Dotenv dotenv = parsed("A=\"secret\nB='tis");
  CHECK(dotenv.pairs == std::vector<DotenvPair>{{"A", "\"secret", 1}, {"B", "'tis", 2}});
  CHECK(warned(dotenv, ".env:1: the quote before the value of A does not close"));
  CHECK_FALSE(warned(dotenv, "secret"));
  CHECK(values("A=\"open\nB=\"x\"") ==
        std::map<std::string, std::string>{{"A", "\"open"}, {"B", "x"}});
  CHECK(value("A=\"") == "\"");
  CHECK(value("A=\"b\" c") == "\"b\" c");
}

TEST_CASE("dotenv: comments, empty lines and a byte order mark are skipped") {
  CHECK(values("\xEF\xBB\xBF# A=1\n\n  \n   # B=2\nC=3\r#D=4\r\n") ==
        std::map<std::string, std::string>{{"C", "3"}});
  CHECK(values("").empty());
}

TEST_CASE("dotenv: a line without an assignment is ignored, with a warning that hides its text") {
  const Dotenv dotenv = parsed("A=1\nhunter2\nB C=2\n=3\nexport D\nE=5");
  CHECK(dotenv.pairs == std::vector<DotenvPair>{{"A", "1", 1}, {"E", "5", 6}});
  CHECK(dotenv.warnings.size() == 4);
  CHECK(dotenv.warnings.front() == ".env:2: not NAME=value, ignored");
}

TEST_CASE("dotenv: a variable may be called export") {
  CHECK(values("export = 1").at("export") == "1");
}

TEST_CASE("dotenv: of two lines with one name the last counts, with a warning if they differ") {
  const Dotenv dotenv = parsed("A=1\nB=2\nA=3\nB=2");
  CHECK(dotenv.pairs == std::vector<DotenvPair>{{"A", "3", 3}, {"B", "2", 4}});
  CHECK(dotenv.warnings ==
        std::vector<std::string>{".env:3: A was set in line 1 already: the last one counts"});
}

TEST_CASE("dotenv: one warning names all values that the predecessor may have read differently") {
  const Dotenv dotenv =
      parsed("A=plain\nB=\"quoted\"\nC=x # comment\nexport D=1\nE=#1\nF='a\nb'\nG= spaced ");
  REQUIRE(dotenv.warnings.size() == 1);
  CHECK_THAT(dotenv.warnings.front(),
             Catch::Matchers::EndsWith("B (line 2), C (line 3), D (line 4), F (line 6)"));
  CHECK(parsed("A=plain\nB=a=b\nC=\n").warnings.empty());
}

TEST_CASE("dotenv: warnings are bounded") {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "no assignment\n";
  const Dotenv dotenv = parsed(text);
  CHECK(dotenv.warnings.size() == 21);
  CHECK(dotenv.warnings.back() == ".env: 480 more warnings");
}

TEST_CASE("dotenv: text that no program could be given is refused with its line") {
  CHECK(error_of(std::string("A=1\nB=\0x", 8)) == ".env:2: holds a NUL character: not a text file");
  CHECK_THAT(error_of("\xFF\xFE"
                      "A\0"),
             Contains("UTF-16"));
  CHECK_THAT(error_of("A=1\nBIG=" + std::string(kMaxDotenvPairBytes, 'x')),
             Contains(".env:2: BIG is longer than"));
  CHECK_THAT(error_of(std::string(kMaxDotenvBytes + 1, '\n')), Contains("larger than"));
  std::string many;
  for (std::size_t i = 0; i <= kMaxDotenvPairs; ++i) many += "A" + std::to_string(i) + "=\n";
  CHECK_THAT(error_of(many), Contains("more than 4096 variables"));
}

TEST_CASE("dotenv: the largest pair and the largest number of pairs are accepted") {
  CHECK(value("A=" + std::string(kMaxDotenvPairBytes - 3, 'x')).size() == kMaxDotenvPairBytes - 3);
  std::string many;
  for (std::size_t i = 0; i < kMaxDotenvPairs; ++i) many += "A" + std::to_string(i) + "=\n";
  CHECK(parsed(many).pairs.size() == kMaxDotenvPairs);
}

TEST_CASE("dotenv: a file is read; one that cannot be read is a one-line error") {
  const test::TemporaryFolder folder;
  const auto file = folder.write(".env", "A=1\n");
  CHECK(read_dotenv(file, "here")->pairs == std::vector<DotenvPair>{{"A", "1", 1}});
  CHECK(read_dotenv(file, "here")->file == "here");
  CHECK(read_dotenv(folder.path() / "none", "none").error().message ==
        "none: cannot be read: No such file or directory");
  CHECK_THAT(read_dotenv(folder.path(), "folder").error().message,
             Contains("folder: is a directory"));
  folder.write("large", std::string(kMaxDotenvBytes + 1, '#'));
  CHECK_THAT(read_dotenv(folder.path() / "large", "large").error().message,
             Contains("larger than"));
}
