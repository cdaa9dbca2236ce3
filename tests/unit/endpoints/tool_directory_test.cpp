#include "endpoints/rest/tool_directory.hpp"

#include <set>

#include "jsonrpc/message.hpp"
#include "support/catch.hpp"
#include "util/crypto.hpp"

using namespace sidecar;
using endpoints::ListedTool;
using endpoints::ToolDirectory;
using endpoints::ToolMember;

namespace {

ToolDirectory directory(std::vector<std::string> tools) {
  for (std::string& tool : tools) jsonrpc::pad(tool);
  return ToolDirectory(std::move(tools));
}

ToolDirectory named(const std::vector<std::string>& names) {
  std::vector<std::string> tools;
  for (const std::string& name : names)
    tools.push_back(R"({"name":)" + jsonrpc::string_token(name) + "}");
  return directory(tools);
}

std::string hash(const std::string& name, std::size_t size = 8) {
  return sha256_hex(name).substr(0, size);
}

}  // namespace

TEST_CASE("tool directory: a plain name is its function name and its path") {
  const ToolDirectory tools = named({"get-sum", "add_2", std::string(64, 'x')});
  for (const ListedTool& tool : tools.tools()) {
    CHECK(tool.function() == tool.name());
    CHECK(tool.path() == "/tools/" + tool.name());
    CHECK(tools.find(tool.name()) == &tool);
  }
  CHECK(tools.find("none") == nullptr);
}

TEST_CASE("tool directory: other names are mapped to function names, and are found by both") {
  const std::vector<std::string> names = {"fs/read",
                                          "fs.read",
                                          "fs:read",
                                          "a b{c}",
                                          "ähnlich",
                                          "日本語",
                                          "..",
                                          std::string(65, 'x'),
                                          "/",
                                          "%2e",
                                          "a\"b\\c",
                                          "-",
                                          "a\xf0\x9f\x98\x80"
                                          "b"};
  const ToolDirectory tools = named(names);
  REQUIRE(tools.tools().size() == names.size());
  std::set<std::string> functions;
  for (const ListedTool& tool : tools.tools()) {
    CAPTURE(tool.name());
    functions.insert(tool.function());
    CHECK(tool.function().size() <= 64);
    CHECK(tool.function().find_first_not_of(
              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
          std::string::npos);
    CHECK(tools.find(tool.name()) == &tool);
    CHECK(tools.find(tool.function()) == &tool);
    CHECK(endpoints::looks_like_function_name(tool.function()) == (tool.name() != "-"));
  }
  CHECK(functions.size() == names.size());
  CHECK(tools.tools()[0].function() == "fs_read_" + hash("fs/read"));
  CHECK(tools.tools()[1].function() == "fs_read_" + hash("fs.read"));
}

TEST_CASE(
    "tool directory: a function name does not depend on the list, and nobody takes a tool's own "
    "name") {
  const std::string mapped = "a_b_" + hash("a/b");
  CHECK(named({"a/b"}).tools()[0].function() == mapped);
  const ToolDirectory taken = named({"a/b", mapped});
  CHECK(taken.tools()[0].function() == "a_b_" + hash("a/b", 9));
  CHECK(taken.find(mapped)->name() == mapped);
  CHECK(taken.find("a_b_" + hash("a/b", 9))->name() == "a/b");
}

TEST_CASE("tool directory: a list that leaves no name for a tool leaves it out") {
  std::vector<std::string> names = {"a/b", "c"};
  for (std::size_t size = 8; size < 64; ++size)
    names.push_back(std::string("a_b").substr(0, 63 - size) + "_" + hash("a/b", size));
  const ToolDirectory tools = named(names);
  CHECK(tools.find("a/b") == nullptr);
  CHECK(tools.find("c")->name() == "c");
  CHECK(tools.tools().size() == names.size() - 1);
}

TEST_CASE(
    "tool directory: paths carry any name; one that paths do not keep is there as its function "
    "name") {
  const std::pair<const char*, const char*> kept[] = {
      {"a b", "/tools/a%20b"},       {"a/b", "/tools/a%2Fb"},     {"a{b}", "/tools/a%7Bb%7D"},
      {"a.b", "/tools/a.b"},         {"a%2Fb", "/tools/a%252Fb"}, {"ä", "/tools/%C3%A4"},
      {"a?b#c", "/tools/a%3Fb%23c"}, {"...", "/tools/..."},       {"a+b", "/tools/a%2Bb"},
      {"\n", "/tools/%0A"}};
  for (const auto& [name, path] : kept) CHECK(named({name}).tools()[0].path() == path);
  for (const std::string& name :
       {std::string("."), std::string(".."), std::string("a/../b"), std::string("a//b"),
        std::string("/a"), std::string("a/"), std::string("a\\b"), std::string("a\0b", 3),
        std::string(2000, '.')}) {
    CAPTURE(name);
    const ToolDirectory tools = named({name});
    CHECK(tools.tools()[0].path() == "/tools/" + tools.tools()[0].function());
  }
}

TEST_CASE(
    "tool directory: what cannot be called by name is left out, and so is a second tool of a "
    "name") {
  const ToolDirectory tools =
      directory({R"({"name":"a","title":"first"})", R"({"name":"a","title":"second"})",
                 R"({"name":""})", R"({"name":5})", R"({"title":"none"})", "[]", "null", "\"x\"",
                 R"({"name":"b","name":"c"})", R"({"name":"\ud800"})", R"({"name":"\u0062"})"});
  REQUIRE(tools.tools().size() == 2);
  CHECK(tools.tools()[0].text_of(ToolMember::kTitle) == "first");
  CHECK(tools.tools()[1].name() == "b");
  CHECK(tools.tools()[1].raw(ToolMember::kName) == R"("\u0062")");
  CHECK(tools.tools()[1].raw(ToolMember::kTitle).empty());
}

TEST_CASE("tool directory: only names with a hash behind them are looked up") {
  for (const char* name :
       {"add", "get-sum", "a_b", "a_1234567", "a_1234567g", "a b_12345678", "a_ABCDEF01", "_"})
    CHECK_FALSE(endpoints::looks_like_function_name(name));
  CHECK(endpoints::looks_like_function_name("a_12345678"));
}
