#include "jsonrpc/member_names.hpp"

#include <fmt/format.h>

#include "jsonrpc/message.hpp"
#include "mcp/protocol.hpp"
#include "support/catch.hpp"
#include "support/spellings.hpp"

using namespace sidecar;
using jsonrpc::reads_like;
using jsonrpc::unescaped;

namespace {

// Why the message is refused; empty: it is accepted.
std::string refusal(std::string text) {
  const auto message = jsonrpc::parse(std::move(text));
  if (message) return {};
  CHECK(message.error().code == -32600);
  CHECK(message.error().ambiguous);
  return message.error().message;
}

// A request with `key` beside what is in params.
std::string request(std::string_view method, std::string_view params, std::string_view key) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":7,"method":"{}","params":{{{}{}"{}":1}}}})", method,
                     params, params.empty() ? "" : ",", key);
}

// The object at the end of `steps` in params, with the member `key`.
std::string nested(std::string_view method, std::span<const std::string_view> steps,
                   std::string_view key) {
  std::string object = fmt::format(R"({{"{}":1}})", key);
  for (std::size_t i = steps.size(); i-- > 0;)
    object = fmt::format(R"({{"{}":{}}})", steps[i], object);
  return fmt::format(R"({{"jsonrpc":"2.0","id":7,"method":"{}","params":{}}})", method, object);
}

}  // namespace

TEST_CASE("member names: every spelling that some reader takes for a name reads like it") {
  for (const char* name :
       {"name", "id", "jsonrpc", "params", "_meta", "requestId", "progressToken", "task"}) {
    for (const std::string& other : test::spellings_of(name)) {
      INFO(name << " " << other);
      CHECK(reads_like(unescaped(other), name, true));
    }
    CHECK_FALSE(reads_like(name, name, true));
  }
}

TEST_CASE("member names: a name that no reader takes for another one does not read like it") {
  const std::pair<const char*, const char*> pairs[] = {
      {"names", "name"},     {"nam", "name"},
      {"_name", "name"},     {"name_", "name"},
      {"na_me", "name"},     {"\u00f1ame", "name"},
      {"nаme", "name"},      {"", "id"},
      {"i", "id"},           {"ids", "id"},
      {"_id", "id"},         {"meta_", "_meta"},
      {"__meta", "_meta"},   {"progresstoke", "progressToken"},
      {"task id", "taskId"}, {"\u00df", "ss"},
      {"id ", "id"},         {"\ufb01le", "file"},
      {"uri\u200b", "uri"},  {"\\u0069d", "id"}};
  for (const auto& [name, known] : pairs) {
    INFO(name << " " << known);
    CHECK_FALSE(reads_like(name, known, true));
  }
  CHECK_FALSE(reads_like("meta", "_meta", false));
  CHECK_FALSE(reads_like("request_id", "requestId", false));
  CHECK(reads_like("RequestID", "requestId", false));
}

TEST_CASE("member names: escapes are undone, and a lone surrogate equals no character") {
  CHECK(unescaped("plain") == "plain");
  CHECK(unescaped(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
  CHECK(unescaped("\\u0069\\u00e9\\u212A\\ud83d\\ude00") == "i\u00e9\u212a\U0001f600");
  CHECK(unescaped("\\u0000") == std::string(1, '\0'));
  for (const char* lone : {"\\ud800", "\\udc00", "\\ud800x", "\\ud800\\u0041", "\\udc00\\ud800"}) {
    INFO(lone);
    CHECK_FALSE(jsonrpc::string_value('"' + std::string(lone) + '"'));
    CHECK(unescaped(lone).find('\xff') != std::string::npos);
  }
  for (const char* broken : {"\\", "\\u", "\\u1", "\\ud800\\u", "\\uzzzz"})
    CHECK(unescaped(broken).size() < 9);
}

TEST_CASE(
    "member names: in the envelope every spelling of a member is refused, in all kinds of "
    "messages") {
  const char* rests[] = {R"("jsonrpc":"2.0","id":1,"method":"tools/list","params":{})",
                         R"("jsonrpc":"2.0","method":"notifications/initialized")",
                         R"("jsonrpc":"2.0","id":1,"result":{})",
                         R"("jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"})"};
  for (const char* rest : rests) {
    for (const char* name : {"jsonrpc", "id", "method", "params", "result", "error"}) {
      for (const std::string& other : test::spellings_of(name)) {
        for (const std::string& text :
             {fmt::format(R"({{{},"{}":5}})", rest, other),
              fmt::format(R"({{"{}":{{"name":"x"}},{}}})", other, rest)}) {
          INFO(text);
          CHECK(refusal(text).find("ambiguous member") == 0);
        }
      }
    }
  }
}

TEST_CASE(
    "member names: a refusal names both members, and has the request's id unless the id is "
    "doubtful") {
  const auto odd = jsonrpc::parse(
      R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","n\u0061me\u0000":"b"}})");
  REQUIRE_FALSE(odd);
  CHECK(odd.error().message ==
        R"(ambiguous member "name\u0000": some JSON readers take it for "name")");
  CHECK(odd.error().id == "7");
  const auto id = jsonrpc::parse(R"({"jsonrpc":"2.0","ID":8,"id":7,"method":"ping"})");
  REQUIRE_FALSE(id);
  CHECK(id.error().id == "null");
  const auto lonely = jsonrpc::parse(R"({"jsonrpc":"2.0","Id":8,"method":"ping"})");
  REQUIRE_FALSE(lonely);
  CHECK(lonely.error().id == "null");
}

TEST_CASE("member names: in params and below, each spelling of a member that is read is refused") {
  for (const auto& row : jsonrpc::read_members()) {
    const std::string method(row.method.empty() ? "unheard/of" : row.method);
    for (const std::string_view name : row.members()) {
      INFO(method << " " << name);
      CHECK(refusal(nested(method, row.object(), name)).empty());
      for (const std::string& other : test::spellings_of(name)) {
        INFO(other);
        CHECK(refusal(nested(method, row.object(), other)).find("ambiguous member") == 0);
      }
      const std::string twice = fmt::format(R"({}":1,"{})", name, name);
      CHECK(refusal(nested(method, row.object(), twice)).find("duplicate member") == 0);
    }
  }
  for (const char* name :
       {"progressToken", "traceparent", "tracestate", "baggage",
        "io.modelcontextprotocol/related-task", "io.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/clientCapabilities",
        "io.modelcontextprotocol/logLevel"}) {
    static constexpr std::string_view kMeta[] = {"_meta"};
    for (const std::string& other : test::spellings_of(name)) {
      INFO(name << " " << other);
      CHECK(refusal(nested("unheard/of", kMeta, other)).find("ambiguous member") == 0);
    }
  }
}

TEST_CASE("member names: a member that is not read of a method may have any name, but only once") {
  CHECK(refusal(request("unheard/of", "", "Name")).empty());
  CHECK(refusal(request("unheard/of", R"("name":1,"uri":2)", "URI")).empty());
  CHECK(refusal(request("resources/read", R"("uri":"a:b")", "Name")).empty());
  CHECK(refusal(request("tools/call", R"("name":"a")", "Cursor")).empty());
  CHECK(refusal(request("tools/call", R"("name":"a","Extra":1)", "extra")).empty());
  CHECK(refusal(request("unheard/of", R"("x":1)", "\\u0078")) == R"(duplicate member "x")");
  CHECK(refusal(request("tools/call", R"("arguments":{})", "arguments")) ==
        R"(duplicate member "arguments")");
  CHECK(refusal(request("tools/call", R"("name":"a","x":1,"y":2)", "x")) ==
        R"(duplicate member "x")");
  CHECK(refusal(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"a":1,"a":2}}})") ==
        R"(duplicate member "a")");
}

TEST_CASE("member names: arguments, results and other free values may hold any names") {
  const std::string odd = R"({"name":1,"Name":2,"name":3,"\ud800":4,"ID":5,"id\u0000":6})";
  for (const std::string& text : std::vector<std::string>{
           R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":)" +
               odd + "}}",
           R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","extra":)" + odd +
               "}}",
           R"({"jsonrpc":"2.0","id":1,"method":"m","params":[)" + odd + "]}",
           R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"x":)" + odd + "}}}",
           R"({"jsonrpc":"2.0","id":1,"result":)" + odd + "}",
           R"({"jsonrpc":"2.0","id":1,"result":{"IsError":true}})",
           R"({"jsonrpc":"2.0","id":1,"error":)" + odd + "}"}) {
    INFO(text);
    const auto message = jsonrpc::parse(text);
    REQUIRE(message);
    CHECK(message->text == text);
  }
}

namespace {

std::string request_of(std::string_view method) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":7,"method":"{}"}})", method);
}

constexpr const char* kMethods[] = {
    "initialize",
    "ping",
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "completion/complete",
    "logging/setLevel",
    "sampling/createMessage",
    "elicitation/create",
    "roots/list",
    "tasks/get",
    "tasks/result",
    "tasks/list",
    "tasks/cancel",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/message",
    "notifications/resources/updated",
    "notifications/resources/list_changed",
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "notifications/roots/list_changed",
    "notifications/tasks/status",
    "notifications/elicitation/complete",
};

}  // namespace

TEST_CASE("method names: one with a control character is refused, known or not") {
  for (const char* method : {"tools/call", "notifications/cancelled", "unheard/of", ""}) {
    for (const char* odd :
         {"\\u0000", "\\u0000x", "\\u0001", "\\t", "\\n", "\\u001f", "\\u007F", "\x7f"}) {
      INFO(method << odd);
      CHECK(refusal(request_of(std::string(method) + odd)) ==
            R"("method" has a control character)");
      CHECK(refusal(request_of(odd + std::string(method))) ==
            R"("method" has a control character)");
    }
  }
  const auto refused = jsonrpc::parse(request_of("tasks/result\\u0000"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().id == "7");
}

TEST_CASE("method names: one that some server takes for a known one is refused") {
  for (const char* known : kMethods) {
    INFO(known);
    CHECK(refusal(request_of(known)).empty());
    for (const std::string& other : test::spellings_of(known)) {
      INFO(other);
      const auto message = jsonrpc::parse(request_of(other));
      const bool snake = other.find("_") != std::string::npos && other != known &&
                         std::string_view(known).find('_') == std::string_view::npos;
      CHECK(static_cast<bool>(message) == snake);  // no server reads methods in snake case
    }
  }
  CHECK(refusal(request_of("Tools/call")) ==
        R"(ambiguous method "Tools/call": some servers take it for "tools/call")");
  CHECK(refusal(request_of("logging/setlevel")) ==
        R"(ambiguous method "logging/setlevel": some servers take it for "logging/setLevel")");
}

TEST_CASE("method names: unknown methods pass as they are written") {
  for (const char* method :
       {"unheard/of", "Unheard/Of", "tools/calls", "tools/cal", "tool/call", "tools//call",
        "tools/call ", "com.example/Tools/Call", "TOOLS", "\u00fcber/alles", "", "\\u0070ing",
        "notifications/Custom", "ping2"}) {
    INFO(method);
    CHECK(refusal(request_of(method)).empty());
  }
}

TEST_CASE("member names: many unread members of params are searched only once") {
  std::string params;
  for (int i = 0; i < 100'000; ++i) params += fmt::format(R"("k{}":{},)", i, i);
  CHECK(refusal(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{)" + params + R"("k":0}})")
            .empty());
  CHECK(refusal(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{)" + params +
                R"("k77777":0}})") == R"(duplicate member "k77777")");
}

TEST_CASE("find_members: a member that reads like a requested one is refused, in any value") {
  for (const char* bad :
       {R"({"tools":[],"Tools":[]})", R"({"tool\u017f":[]})", R"({"tools\u0000":[]})"}) {
    std::string text = bad;
    jsonrpc::pad(text);
    const auto places = jsonrpc::find_members(text, jsonrpc::whole(text), {"tools", "nextCursor"});
    REQUIRE_FALSE(places);
    CHECK(places.error().message.find("ambiguous member") == 0);
  }
  std::string text = R"({"tools":[],"next_cursor":1,"x":1,"x":2})";
  jsonrpc::pad(text);
  CHECK(jsonrpc::find_members(text, jsonrpc::whole(text), {"tools", "nextCursor"}));
}
