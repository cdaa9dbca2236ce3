#include "endpoints/rest/tool_endpoints.hpp"

#include <nlohmann/json.hpp>

#include "support/principals.hpp"
#include "unit/endpoints/rest_world.hpp"
#include "util/crypto.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using test::only;
using Json = nlohmann::ordered_json;

namespace {

struct ToolWorld : test::RestWorld {
  ToolWorld() { ready(); }

  std::string params() {
    const jsonrpc::Message m = take();
    CHECK(m.method() == "tools/call");
    asked = m.text;
    return std::string(m.envelope.params.in(m.text));
  }
  // Answers the call whose params() were read last.
  void result(const std::string& text) {
    link->sent.push_front(asked);
    answer(text);
  }
  void list(const std::string& tools) {
    CHECK(link->sent.front().find("tools/list") != std::string::npos);
    answer(R"({"tools":)" + tools + "}");
  }

  std::string asked;
};

Json body(const std::shared_ptr<test::Outcome>& outcome) {
  return Json::parse(outcome->reply().body);
}

}  // namespace

TEST_CASE("tool endpoints: the body is the arguments, and structured content the answer") {
  ToolWorld w;
  const auto called = w.post("/tools/add", R"({"a":1e400 , "s":"\u00e9"})");
  CHECK(w.params() == R"({"name":"add","arguments":{"a":1e400 , "s":"\u00e9"}})");
  w.result(
      R"({"content":[{"type":"text","text":"3"}],"structuredContent":{"sum":3.10},"isError":false})");
  CHECK(called->reply().status == 200);
  CHECK(called->reply().body == R"({"sum":3.10})");
}

TEST_CASE(
    "tool endpoints: without structured content the content is the answer, and ?raw=1 is all of "
    "it") {
  ToolWorld w;
  const auto plain = w.post("/tools/t", "{}");
  w.answer(R"({"content":[{"type":"text","text":"a"} ],"structuredContent":null})");
  CHECK(plain->reply().body == R"([{"type":"text","text":"a"} ])");
  const auto empty = w.post("/tools/t", " \n");
  CHECK(w.params() == R"({"name":"t","arguments":{}})");
  w.result("{}");
  CHECK(empty->reply().body == "[]");
  for (const char* flag : {"1", "true"}) {
    const auto raw = w.post(std::string("/tools/t?raw=") + flag);
    w.answer(R"({"content":[],"isError":true,"_meta":{"n":1.10}})");
    CHECK(raw->reply().status == 200);
    CHECK(raw->reply().body == R"({"content":[],"isError":true,"_meta":{"n":1.10}})");
  }
  const auto not_raw = w.post("/tools/t?raw=0");
  w.answer(R"({"content":[1]})");
  CHECK(not_raw->reply().body == "[1]");
}

TEST_CASE("tool endpoints: a body that is no object, and an unclear question, reach nobody") {
  ToolWorld w;
  for (const char* bad :
       {"[1]", "nul", "5", "\"{}\"", "{", R"({"a":1}{})", R"({"a":01})", "a=1&b=2", "\xff"}) {
    CAPTURE(bad);
    const auto refused = w.post("/tools/t", bad);
    CHECK(refused->reply().status == 400);
    CHECK(body(refused)["success"] == false);
    CHECK(body(refused)["error"].get<std::string>().find("The body must be the tool's arguments") ==
          0);
  }
  CHECK(w.post("/tools/t?raw=maybe")->reply().status == 400);
  for (const char* path : {"/tools/", "/tools/\xff", "/tools/\xed\xa0\x80"}) {
    CHECK(w.post(path)->reply().status == 404);
    CHECK(w.get(path)->reply().status == 404);
  }
  CHECK(w.link->sent.empty());
}

TEST_CASE("tool endpoints: names come out of the path as they went in") {
  ToolWorld w;
  for (const char* name : {"a b", "a/b", "..", "日本", "a{b}", "\"q\\", "a?b", "%2F", "\n"}) {
    ToolWorld fresh;
    http::Request request;
    // Handlers get decoded paths, so '?' may occur in one.
    request.method = "POST";
    request.path = std::string("/tools/") + name;
    request.caller = std::make_shared<observe::Caller>();
    request.body.reserve(64);
    auto outcome = std::make_shared<test::Outcome>();
    for (const http::Route& route : fresh.routes) {
      if (route.method == "POST" && route.path == "/tools/*")
        route.handler(
            http::Exchange(std::move(request), std::make_unique<test::FakeBackend>(outcome)));
    }
    CHECK(fresh.params() == R"({"name":)" + jsonrpc::string_token(name) + R"(,"arguments":{}})");
  }
}

TEST_CASE("tool endpoints: for a read-only caller, the sidecar looks up the tool before the call") {
  ToolWorld w;
  auto permissions = std::make_shared<auth::Permissions>();
  permissions->read_only = true;
  observe::Caller reader{"alice", "192.0.2.1", true};
  reader.permissions.push_back(permissions);
  const auto called = w.post("/tools/get", "{}", reader);
  w.list(R"([{"name":"get","annotations":{"readOnlyHint":true}}])");
  CHECK(w.params() == R"({"name":"get","arguments":{}})");
  w.result(R"({"content":[]})");
  CHECK(called->reply().status == 200);

  const auto refused = w.post("/tools/set", "{}", reader);
  w.list(R"([{"name":"set"}])");
  CHECK(w.link->sent.empty());
  CHECK(refused->reply().status == 403);
}

TEST_CASE("tool endpoints: a function name leads to its tool; only such a name is looked up") {
  ToolWorld w;
  const std::string mapped = "a_b_" + sha256_hex("a/b").substr(0, 8);
  const auto called = w.post("/tools/" + mapped, R"({"x":1})");
  w.list(R"([{"name":"a/b"},{"name":"c"}])");
  CHECK(w.params() == R"({"name":"a/b","arguments":{"x":1}})");
  w.result(R"({"content":[]})");
  CHECK(called->reply().status == 200);

  const auto function =
      w.post("/openai/call-function", R"({"name":")" + mapped + R"(","arguments":"{\"x\":1}"})");
  w.list(R"([{"name":"a/b"}])");
  CHECK(w.params() == R"({"name":"a/b","arguments":{"x":1}})");
  w.result(R"({"content":[]})");
  CHECK(function->reply().body ==
        R"({"success":true,"function":")" + mapped + R"(","result":{"content":[]}})");

  // A tool with this very name takes precedence; an unknown name is passed on.
  const auto real = w.post("/tools/" + mapped);
  w.list(R"([{"name":"a/b"},{"name":")" + mapped + R"("}])");
  CHECK(w.params() == R"({"name":")" + mapped + R"(","arguments":{}})");
  w.result("{}");
  const auto nobody = w.post("/tools/x_12345678");
  w.list("[]");
  CHECK(w.params() == R"({"name":"x_12345678","arguments":{}})");
  // If the list fails, the name is passed on unchanged.
  w.post("/tools/x_12345678");
  w.answer_error(R"({"code":-32603,"message":"no list"})");
  CHECK(w.params() == R"({"name":"x_12345678","arguments":{}})");
}

TEST_CASE("tool endpoints: a tool that says that it failed is a 422 with what it said") {
  ToolWorld w;
  const auto called = w.post("/tools/t");
  w.answer(
      R"({"content":[{"type":"text","text":"no\u0020luck"},{"type":"image","data":"x"},5,{"text":"again"}],"isError":true})");
  w.list(R"([{"name":"t"}])");
  CHECK(called->reply().status == 422);
  CHECK(body(called)["success"] == false);
  CHECK(body(called)["error"] == "no luck\nagain");
  CHECK(body(called)["content"].size() == 4);
  const auto silent = w.post("/tools/t");
  w.answer(R"({"isError":true})");
  w.list(R"([{"name":"t"}])");
  CHECK(silent->reply().status == 422);
  CHECK(body(silent)["error"] == "The tool reported a failure");
}

TEST_CASE("tool endpoints: a failure keeps its structured content") {
  ToolWorld w;
  const auto called = w.post("/tools/t");
  w.answer(
      R"({"content":[{"type":"text","text":"no"}],"structuredContent":{"code":1.10},"isError":true})");
  w.list(R"([{"name":"t"}])");
  CHECK(called->reply().status == 422);
  CHECK(
      called->reply().body ==
      R"({"success":false,"error":"no","content":[{"type":"text","text":"no"}],"structuredContent":{"code":1.10}})");
  const auto odd = w.post("/tools/t");
  w.answer(R"({"content":"boom","isError":true})");
  w.list(R"([{"name":"t"}])");
  CHECK(odd->reply().status == 422);
  CHECK(odd->reply().body == R"({"success":false,"error":"boom","content":[]})");
}

TEST_CASE("tool endpoints: content that is no array is the server's fault, and told as that") {
  ToolWorld w;
  for (const auto& [content, kind] :
       {std::pair(R"("text")", "a string"), std::pair("{}", "an object"),
        std::pair("5", "a number"), std::pair("true", "a boolean"), std::pair("null", "null")}) {
    CAPTURE(content);
    const auto called = w.post("/tools/t");
    w.answer(R"({"content":)" + std::string(content) + "}");
    CHECK(called->reply().status == 502);
    CHECK(body(called)["error"] ==
          "the content of the MCP server's result is " + std::string(kind) + ", not an array");
  }
  const auto structured = w.post("/tools/t");
  w.answer(R"({"content":"text","structuredContent":{"a":1}})");
  CHECK(structured->reply().status == 200);
  CHECK(structured->reply().body == R"({"a":1})");
}

TEST_CASE("tool endpoints: null and an empty array are no arguments") {
  ToolWorld w;
  for (const char* none : {"[]", " [ ] ", "null", "", "{}"}) {
    w.post("/tools/t", none);
    CHECK(w.params().find(R"({"name":"t","arguments":{}})") == 0);
  }
}

TEST_CASE("tool endpoints: arguments in the query of a request without a body are refused") {
  ToolWorld w;
  for (const auto& [query, name] :
       {std::pair("q=1", "q"), std::pair("api_key=k&city%20name=x", "city name"),
        std::pair("raw=1&message=hi", "message"), std::pair("flag", "flag"), std::pair("=1", "")}) {
    CAPTURE(query);
    const auto refused = w.post("/tools/t?" + std::string(query));
    if (std::string(name).empty()) {
      w.take();
      continue;
    }
    CHECK(refused->reply().status == 400);
    CHECK(body(refused)["error"] ==
          "The arguments go into the body, a JSON object, not into the query: \"" +
              std::string(name) + "\"");
  }
  CHECK(w.link->sent.empty());
  for (const char* query : {"api_key=1", "apiKey=1", "apikey=1", "key=1", "token=1", "sessionId=1",
                            "raw=0", "", "&", "key=1&token=2"}) {
    CAPTURE(query);
    w.post("/tools/t?" + std::string(query));
    CHECK(w.params() == R"({"name":"t","arguments":{}})");
  }
  w.post("/tools/t?q=1", R"({"a":1})");
  CHECK(w.params() == R"({"name":"t","arguments":{"a":1}})");
}

TEST_CASE("tool endpoints: a slash behind the name is ignored, unless a tool is named so") {
  ToolWorld w;
  const std::string mapped = "a_b_" + sha256_hex("a/b").substr(0, 8);
  for (const auto& [path, name] :
       {std::pair(std::string("/tools/t/"), "t"), std::pair(std::string("/tools/a/b/"), "a/b"),
        std::pair("/tools/" + mapped + "/", "a/b"), std::pair(std::string("/tools/x/"), "x/"),
        std::pair(std::string("/tools/t//"), "t/"),
        std::pair(std::string("/tools/none/"), "none")}) {
    CAPTURE(path);
    w.post(path, R"({"a":1})");
    w.list(R"([{"name":"t"},{"name":"a/b"},{"name":"x/"},{"name":"x"}])");
    CHECK(w.params() == R"({"name":")" + std::string(name) + R"(","arguments":{"a":1}})");
  }
  const auto told = w.get("/tools/t/");
  w.list(R"([{"name":"t"}])");
  CHECK(told->reply().body == R"({"success":true,"tool":{"name":"t"}})");
  // If the list fails, the slash is not part of the name.
  w.post("/tools/t/");
  w.answer_error(R"({"code":-32603,"message":"no list"})");
  CHECK(w.params() == R"({"name":"t","arguments":{}})");
}

TEST_CASE("tool endpoints: an unknown tool is a 404, in whatever way the server says so") {
  ToolWorld w;
  const auto by_error = w.post("/tools/x");
  w.answer_error(R"({"code":-32602,"message":"Unknown tool: x"})");
  w.list(R"([{"name":"t"}])");
  CHECK(by_error->reply().status == 404);
  CHECK(body(by_error)["error"].get<std::string>().find("Unknown tool: x") != std::string::npos);
  const auto by_result = w.post("/tools/x");
  w.answer(R"({"content":[{"type":"text","text":"Tool x not found"}],"isError":true})");
  w.list(R"([{"name":"t"}])");
  CHECK(by_result->reply().status == 404);
  CHECK(body(by_result)["error"] == "Tool x not found");
  const auto by_method = w.post("/tools/x");
  w.answer_error(R"({"code":-32601,"message":"none"})");
  w.list("[]");
  CHECK(by_method->reply().status == 404);
}

TEST_CASE("tool endpoints: errors of the server are 400 for arguments that it refuses, else 500") {
  ToolWorld w;
  const auto arguments = w.post("/tools/t");
  w.answer_error(R"({"code":-32602,"message":"a is missing"})");
  w.list(R"([{"name":"t"}])");
  CHECK(arguments->reply().status == 400);
  const auto method = w.post("/tools/t");
  w.answer_error(R"({"code":-32601,"message":"task required"})");
  w.list(R"([{"name":"t"}])");
  CHECK(method->reply().status == 500);
  const auto own = w.post("/tools/t");
  w.answer_error(R"({"code":-32099,"message":"no luck"})");
  CHECK(own->reply().status == 500);
  CHECK(body(own)["error"].get<std::string>().find("no luck") != std::string::npos);
  const auto unread = w.post("/tools/t");
  w.answer(R"({"content":[],"content":[]})");
  CHECK(unread->reply().status == 502);
  // If the list fails, the server's error decides the status.
  const auto unlisted = w.post("/tools/t");
  w.answer_error(R"({"code":-32602,"message":"a is missing"})");
  w.answer_error(R"({"code":-32603,"message":"no list"})");
  CHECK(unlisted->reply().status == 400);
}

TEST_CASE("tool endpoints: timeouts and dead children are told apart, with a time to come back") {
  ToolWorld w;
  const auto late = w.post("/tools/t");
  w.timers.advance(31s);
  CHECK(late->reply().status == 504);
  CHECK(body(late)["success"] == false);
  const auto dead = w.post("/tools/t");
  w.die();
  CHECK(dead->reply().status == 503);
}

TEST_CASE("tool endpoints: callers see and use what they may") {
  ToolWorld w;
  const std::string tools = R"([{"name":"a"},{"name":"b"}])";
  const auto document = w.get("/openapi.json", only({"a"}));
  w.list(tools);
  CHECK(body(document)["paths"].size() == 1);
  CHECK(body(document)["paths"].contains("/tools/a"));
  const auto functions = w.get("/openai/functions", only({"b"}));
  w.list(tools);
  CHECK(body(functions).size() == 1);
  const auto hidden = w.get("/tools/b", only({"a"}));
  w.list(tools);
  CHECK(hidden->reply().status == 404);
  const auto refused = w.post("/tools/b", "{}", only({"a"}));
  CHECK(refused->reply().status == 403);
  CHECK(body(refused)["success"] == false);
  CHECK(w.link->sent.empty());
}

TEST_CASE(
    "tool endpoints: the document names the server, where the client reached it and what keys it "
    "wants") {
  ToolWorld w;
  w.facts.needs_key = true;
  const auto document = w.get("/openapi.json", {}, {{"Host", "h.example"}});
  w.list(R"([{"name":"t"}])");
  CHECK(document->reply().status == 200);
  CHECK(body(document)["info"] == Json::parse(R"({"title":"s","version":"1"})"));
  CHECK(body(document)["servers"][0]["url"] == "http://h.example");
  CHECK(body(document)["components"]["securitySchemes"].size() == 2);
  const std::string tag = document->field("ETag");
  const auto same = w.get("/openapi.json", {}, {{"Host", "h.example"}, {"If-None-Match", tag}});
  w.list(R"([{"name":"t"}])");
  CHECK(same->reply().status == 304);
  const auto elsewhere =
      w.get("/openapi.json", {}, {{"Host", "other.example"}, {"If-None-Match", tag}});
  w.list(R"([{"name":"t"}])");
  CHECK(elsewhere->reply().status == 200);
  const auto actions = w.get("/openapi.json?for=actions");
  w.list(R"([{"name":"t"}])");
  CHECK(body(actions)["components"]["securitySchemes"].size() == 1);
  CHECK(w.get("/openapi.json?for=everybody")->reply().status == 400);
}

TEST_CASE("tool endpoints: a list that fails is told as its failure") {
  ToolWorld w;
  for (const char* path : {"/openapi.json", "/openai/functions", "/tools/t"}) {
    const auto failed = w.get(path);
    w.answer_error(R"({"code":-32603,"message":"no list"})");
    CHECK(failed->reply().status == 500);
    CHECK(body(failed)["success"] == false);
  }
  w.die();
}

TEST_CASE("tool endpoints: one tool is told as the list has it") {
  ToolWorld w;
  const auto tool = w.get("/tools/b");
  w.list(R"([{"name":"a"},{"name":"b","x":1.10 }])");
  CHECK(tool->reply().status == 200);
  CHECK(tool->reply().body == R"({"success":true,"tool":{"name":"b","x":1.10 }})");
  CHECK_FALSE(tool->field("ETag").empty());
  const auto none = w.get("/tools/c");
  w.list(R"([{"name":"a"}])");
  CHECK(none->reply().status == 404);
}

TEST_CASE("tool endpoints: functions for OpenAI come in the format that is asked for") {
  ToolWorld w;
  const auto chat = w.get("/openai/functions");
  w.list(R"([{"name":"t"}])");
  CHECK(body(chat)[0]["function"]["name"] == "t");
  const auto responses = w.get("/openai/functions?format=responses");
  w.list(R"([{"name":"t"}])");
  CHECK(body(responses)[0]["name"] == "t");
  CHECK(body(responses)[0]["strict"] == false);
  CHECK(w.get("/openai/functions?format=other")->reply().status == 400);
}
