#include <fmt/format.h>

#include "mux/features/lists.hpp"
#include "support/catch.hpp"

using namespace sidecar;

namespace {

void learn(mux::ToolHints& hints, const std::string& result, bool first_page = true) {
  std::string text = R"({"result":)" + result + "}";
  jsonrpc::pad(text);
  hints.learn(text, {10, result.size()}, first_page);
}

}  // namespace

TEST_CASE(
    "tool_hints: a tool is repeatable if it is annotated as read-only or idempotent with true") {
  mux::ToolHints hints;
  learn(hints, R"({"tools":[
    {"name":"read","annotations":{"readOnlyHint":true}},
    {"annotations":{"idempotentHint":true,"readOnlyHint":false},"name":"put"},
    {"name":"none"},
    {"name":"no","annotations":{"readOnlyHint":false,"idempotentHint":false}},
    {"name":"text","annotations":{"readOnlyHint":"true"}},
    {"name":"one","annotations":{"readOnlyHint":1}},
    {"name":"destroy","annotations":{"destructiveHint":true,"title":"readOnlyHint"}},
    {"name":"elsewhere","inputSchema":{"annotations":{"readOnlyHint":true}},"readOnlyHint":true},
    {"name":"deeper","annotations":{"x":{"readOnlyHint":true}}}
  ]})");
  CHECK(hints.repeatable("\"read\""));
  CHECK(hints.repeatable("\"put\""));
  for (const char* name : {"none", "no", "text", "one", "destroy", "elsewhere", "deeper", ""})
    CHECK_FALSE(hints.repeatable(fmt::format("\"{}\"", name)));
}

TEST_CASE("tool_hints: invalid annotations are no hint, and do not affect those of other tools") {
  mux::ToolHints hints;
  learn(hints, R"({"tools":[
    {"name":"a","annotations":null},
    {"name":"b","annotations":[{"readOnlyHint":true}]},
    {"name":"c","annotations":"readOnlyHint"},
    {"name":"d","annotations":{"readOnlyHint":true,"readOnlyHint":true}},
    {"name":7,"annotations":{"readOnlyHint":true}},
    {"annotations":{"readOnlyHint":true}},
    null, 1, "x", [],
    {"name":"good","annotations":{"readOnlyHint":true}}
  ]})");
  CHECK(hints.repeatable("\"good\""));
  for (const char* name : {"\"a\"", "\"b\"", "\"c\"", "\"d\"", "7", "\"\"", "", "\"", "null"})
    CHECK_FALSE(hints.repeatable(name));
}

TEST_CASE("tool_hints: names are compared unescaped") {
  mux::ToolHints hints;
  learn(hints, R"({"tools":[{"name":"\u0061\/b","annotations":{"readOnlyHint":true}},
                            {"name":"a\"c","annotations":{"readOnlyHint":true}}]})");
  CHECK(hints.repeatable(R"("a/b")"));
  CHECK(hints.repeatable(R"("a\/\u0062")"));
  CHECK(hints.repeatable(R"("a\"c")"));
  CHECK_FALSE(hints.repeatable(R"("a\\/b")"));
  CHECK_FALSE(hints.repeatable(R"("\ud800")"));
}

TEST_CASE("tool_hints: a first page replaces known tools, a further one adds to them") {
  mux::ToolHints hints;
  learn(hints, R"({"tools":[{"name":"a","annotations":{"readOnlyHint":true}}]})");
  learn(hints, R"({"tools":[{"name":"b","annotations":{"readOnlyHint":true}}]})", false);
  CHECK(hints.repeatable("\"a\""));
  CHECK(hints.repeatable("\"b\""));
  learn(hints, R"({"tools":[{"name":"c","annotations":{"readOnlyHint":true}}]})");
  CHECK_FALSE(hints.repeatable("\"a\""));
  CHECK_FALSE(hints.repeatable("\"b\""));
  CHECK(hints.repeatable("\"c\""));
}

TEST_CASE("tool_hints: a result that is not a list of tools adds nothing") {
  mux::ToolHints hints;
  for (const char* result : {"{}", R"({"tools":{}})", R"({"tools":null})", "[]", "7"})
    learn(hints, result, false);
  CHECK_FALSE(hints.repeatable("\"a\""));
}

TEST_CASE("tool_hints: beyond the limit no more tools are added") {
  std::string tools;
  for (std::size_t i = 0; i <= mux::ToolHints::kMax; ++i)
    tools += fmt::format(R"({}{{"name":"t{}","annotations":{{"readOnlyHint":true}}}})",
                         i == 0 ? "" : ",", i);
  mux::ToolHints hints;
  learn(hints, R"({"tools":[)" + tools + "]}");
  CHECK(hints.repeatable(fmt::format("\"t{}\"", mux::ToolHints::kMax - 1)));
  CHECK_FALSE(hints.repeatable(fmt::format("\"t{}\"", mux::ToolHints::kMax)));
}
