#include "config/command.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::config;
using sidecar::test::Contains;
using Words = std::vector<std::string>;

namespace {

Words words(std::string_view text) {
  const auto command = parse_command(text);
  INFO((command ? "" : command.error().message));
  REQUIRE(command);
  CHECK(command->variables.empty());
  return command->words;
}

std::string error_of(std::string_view text) {
  const auto command = parse_command(text);
  REQUIRE_FALSE(command);
  return command.error().message;
}

}  // namespace

TEST_CASE("command: a command line is split as by a shell, without expansion") {
  CHECK(words("npx -y  @scope/server\t.") == Words{"npx", "-y", "@scope/server", "."});
  CHECK(words("  a\nb ") == Words{"a", "b"});
  CHECK(words("'a b' \"c d\" e\\ f") == Words{"a b", "c d", "e f"});
  CHECK(words("a'b'\"c\"d") == Words{"abcd"});
  CHECK(words("x '' \"\"") == Words{"x", "", ""});
  CHECK(words(R"("a\"b\\c\$d\`e\n" 'a\b')") == Words{R"(a"b\c$d`e\n)", R"(a\b)"});
  CHECK(words("$HOME ~ *.js a|b c; `e` >f") ==
        Words{"$HOME", "~", "*.js", "a|b", "c;", "`e`", ">f"});
}

TEST_CASE("command: an open quote, a backslash at the end and a missing program are refused") {
  CHECK(error_of("a 'b") == "the quote ' does not close");
  CHECK(error_of("a \"b\\\"") == "the quote \" does not close");
  CHECK(error_of("a \\") == "ends in a backslash");
  for (const char* text : {"", "  ", "''", "A=b", "A=b ''"})
    CHECK(error_of(text) == "names no program");
}

TEST_CASE("command: variables in front of the program belong to its environment") {
  const auto command = parse_command("A=1 _b2='x y' C= D\"=\"=e node F=2 'G=3'");
  REQUIRE(command);
  CHECK(command->variables == Words{"A=1", "_b2=x y", "C="});
  CHECK(command->words == Words{"D==e", "node", "F=2", "G=3"});
  // In these a shell sees the name of a program too.
  for (const char* text : {"'A=1' x", "A\\=1 x", "1A=1 x", "=1 x", "A-B=1 x", "--a=b x"}) {
    CAPTURE(text);
    CHECK(parse_command(text)->variables.empty());
  }
}

TEST_CASE("command: a word that is an operator of a shell is refused with the remedy") {
  for (const char* word : {"&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>/dev/null", "2>&1",
                           ">&", ">&2", "1>&2", "&>x", "<<", ";;", "|&"}) {
    CAPTURE(word);
    CHECK_THAT(
        error_of("node a.js " + std::string(word) + " b"),
        Contains(std::string("the word ") + word + " is an operator") && Contains("sh -c '…'"));
    CHECK(words("node '" + std::string(word) + "'") == Words{"node", word});
    CHECK(words("node \"" + std::string(word) + "\"") == Words{"node", word});
  }
  CHECK_THAT(error_of("A=b && node"), Contains("the word &&"));
  CHECK(words("sh -c 'cd /a && exec node b.js 2>&1'").size() == 3);
  CHECK(words("node \\&\\& \\>") == Words{"node", "&&", ">"});
  CHECK(words("node http://h/?a=1&b=2 a>b x2>y >=1").size() == 5);
}

TEST_CASE("command: what only a shell would replace or interpret is found outside of its quotes") {
  for (const char* text :
       {"$HOME/x", "node \"$HOME/x\"", "node ${A}", "node $(pwd)", "node `pwd`", "node \"`pwd`\"",
        "A=$HOME node", "~/x", "node ~ a", "node >log", "node <in", "cd /x; node", "node 'a\"$B"}) {
    CAPTURE(text);
    CHECK(has_shell_syntax(text) == (std::string_view(text) != "node 'a\"$B"));
  }
  for (const char* text :
       {"node a.js", "node '$HOME'", "node \\$HOME", "node \"\\$HOME \\`a\\`\"", "node '`a`'",
        "a$ b", "a $ b", "node $1", "node '~/x'", "node a~ pkg@~1.2 ~1.2", "node '>log'",
        "node a=>b", "node 'a;'", "node http://h/?a;b"}) {
    CAPTURE(text);
    CHECK_FALSE(has_shell_syntax(text));
  }
}

TEST_CASE("command: a command line of words is read back as these words") {
  for (const Words& each : {Words{"a"}, Words{"a b", "", "it's", "\"c\"", "\\d", "\n"}})
    CHECK(words("x " + command_line(each)).size() == each.size() + 1);
  CHECK(command_line({"a b", "it's", "c"}) == "'a b' 'it'\\''s' c");
}

TEST_CASE("command: values of variables are masked wherever they stand in a command") {
  const auto command = parse_command("TOKEN=hunter2 B='hunter2 hunter2' node x.js");
  CHECK(masked_command(*command) == "TOKEN=*** B=*** node x.js");
  CHECK(masked_command({"docker", "run", "-e", "TOKEN=hunter2", "-eA=hunter2", "--env=B=hunter2",
                        "--name=x", "image", "a=b c"}) ==
        "docker run -e TOKEN=*** -eA=*** --env=B=*** --name=x image a=***");
  const struct {
    const char *text, *masked;
  } cases[] = {
      {"TOKEN=hunter2 node x.js", "TOKEN=*** node x.js"},
      {"A='hunter2 hunter2' B=\"hunter2\"hunter2 node  'x y'", "A=*** B=*** node  'x y'"},
      {"env A=hunter2 node", "env A=*** node"},
      {"docker run -e 'A=hunter2 b' x", "docker run -e A=*** x"},
      {"A=https://u:hunter2@h/ node postgres://u:hunter2@h/d", "A=*** node postgres://***@h/d"},
      {"A='hunter2 node", "A=***"},
      {"node A=hunter2\\", "node A=***"},
      {"node --a=b http://h/a=b", "node --a=b http://h/a=b"},
      {"", ""},
  };
  for (const auto& [text, masked] : cases) CHECK(masked_command_line(text) == masked);
}

TEST_CASE("command: the blanks of its words do not end a URL") {
  CHECK(masked_command({"node", "postgres://u:1 hunter2@h/d", "https://h/?a=b hunter2", "on"}) ==
        "node postgres://***@h/d https://h/?*** on");
  CHECK(masked_command({"npx", "-y", "server@1.2", "a b"}) == "npx -y server@1.2 a b");
}

TEST_CASE("command: the values of its variables are parts of the given text") {
  const std::string text = "A=1 B='2 3' env --env=C=4 node x D=";
  CHECK(variable_values(text) == std::vector<std::string_view>{"1", "'2 3'", "C=4", ""});
  CHECK(variable_values(text).front().data() == text.data() + 2);
}
