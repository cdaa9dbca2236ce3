// The messages of VAPI's Function Tool at /vapi/call.
#include "endpoints/rest/vapi.hpp"

#include <nlohmann/json.hpp>

#include "unit/endpoints/rest_world.hpp"
#include "util/crypto.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

namespace {

struct VapiWorld : test::RestWorld {
  VapiWorld() { ready(); }

  std::shared_ptr<test::Outcome> message(const std::string& members) {
    return post("/vapi/call", R"({"message":{)" + members + "}}");
  }
};

std::string list_of(const std::string& member, const std::string& calls) {
  return R"("type":"tool-calls",")" + member + R"(":[)" + calls + "]";
}

const std::string kText = R"({"content":[{"type":"text","text":"3"}]})";

}  // namespace

TEST_CASE("vapi: each shape of a call reaches its tool, and its id comes back with the result") {
  for (
      const std::string& members : {
          list_of("toolCallList", R"({"id":"c1","name":"add","arguments":{"a":1.10}})"),
          list_of(
              "toolCallList",
              R"({"id":"c1","type":"function","function":{"name":"add","arguments":{"a":1.10}}})"),
          list_of("toolCallList", R"({"id":"c1","name":"add","arguments":"{\"a\":1.10}"})"),
          list_of("toolCallList", R"({"id":"c1","name":"add","parameters":{"a":1.10}})"),
          list_of(
              "toolCalls",
              R"({"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1.10}"}})"),
          list_of(
              "toolCallList",
              R"({"id":"c1","name":"add","arguments":{"a":1.10}}],"toolCalls":[{"id":"c1","function":{"name":"add","arguments":{"a":1.10}}})"),
          list_of("toolCallList",
                  R"(],"toolCalls":[{"id":"c1","function":{"name":"add","arguments":{"a":1.10}}})"),
          list_of(
              "toolWithToolCallList",
              R"({"type":"function","name":"add","parameters":{"type":"object"},"toolCall":{"id":"c1","parameters":{"a":1.10}}})"),
          list_of(
              "toolWithToolCallList",
              R"({"type":"function","function":{"name":"add","parameters":{"type":"object"}},"toolCall":{"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1.10}"}}})"),
          list_of(
              "toolWithToolCallList",
              R"({"type":"function","function":{"name":"add"},"toolCall":{"id":"c1","function":{"arguments":{"a":1.10}}}})"),
          std::string(
              R"("toolCallList":[{"id":"c1","name":"add","arguments":{"a":1.10}}],"call":{"id":"x"})"),
      }) {
    CAPTURE(members);
    VapiWorld w;
    const auto called = w.message(members);
    const jsonrpc::Message request = w.take();
    CHECK(request.method() == "tools/call");
    CHECK(request.envelope.params.in(request.text) == R"({"name":"add","arguments":{"a":1.10}})");
    w.answer(request, kText);
    CHECK(called->reply().status == 200);
    CHECK(called->reply().body == R"({"results":[{"toolCallId":"c1","result":"3"}]})");
    CHECK(w.link->sent.empty());
  }
}

TEST_CASE("vapi: the older function-call is answered in both forms") {
  VapiWorld w;
  const auto called =
      w.message(R"("type":"function-call","functionCall":{"name":"add","parameters":{"a":1}})");
  CHECK(w.params() == R"({"name":"add","arguments":{"a":1}})");
  const auto again =
      w.message(R"("type":"function-call","functionCall":{"name":"add","parameters":"{}"})");
  w.answer(kText);
  CHECK(again->reply().body == R"({"results":[{"toolCallId":null,"result":"3"}],"result":"3"})");
  const auto failed = w.message(R"("type":"function-call","functionCall":{"name":"add"})");
  w.answer(R"({"content":[],"isError":true})");
  CHECK(
      failed->reply().body ==
      R"({"results":[{"toolCallId":null,"error":"The tool reported a failure"}],"error":"The tool reported a failure"})");
  CHECK(called->replies.empty());
}

TEST_CASE("vapi: several calls are answered in their order, each with its result or its error") {
  VapiWorld w;
  const auto called = w.message(list_of(
      "toolCallList",
      R"({"id":"1","name":"a"},{"id":2,"name":"b","arguments":[]},{"id":"3","name":"c","arguments":"["},{"name":"d"},{"id":"5"},{"id":"6","name":"f"})"));
  const jsonrpc::Message a = w.take(), b = w.take(), d = w.take(), f = w.take();
  CHECK(b.envelope.params.in(b.text) == R"({"name":"b","arguments":{}})");
  w.answer(d, R"({"content":[{"type":"text","text":"no"},{"text":"luck"}],"isError":true})");
  w.link->sent.push_front(b.text);
  w.answer_error(R"({"code":-32602,"message":"b is\nunknown"})");
  w.answer(a, kText);
  CHECK(called->replies.empty());
  w.timers.advance(30s);
  const Json results = Json::parse(called->reply().body)["results"];
  CHECK(called->reply().status == 200);
  REQUIRE(results.size() == 6);
  CHECK(results[0] == Json{{"toolCallId", "1"}, {"result", "3"}});
  CHECK(results[1]["toolCallId"] == 2);
  CHECK(results[1]["error"] == "b is unknown");
  CHECK(results[2]["error"].get<std::string>().find("arguments must be a JSON object") == 0);
  CHECK(results[3] == Json{{"toolCallId", nullptr}, {"error", "no luck"}});
  CHECK(results[4]["error"] == "Function name is required");
  CHECK(results[5]["error"].get<std::string>().find("did not answer") != std::string::npos);
}

TEST_CASE("vapi: a result is one line of text") {
  const auto line_of = [](const std::string& result) {
    VapiWorld w;
    const auto called = w.message(list_of("toolCallList", R"({"id":"c","name":"t"})"));
    w.answer(result);
    const Json entry = Json::parse(called->reply().body)["results"][0];
    return entry.contains("result") ? entry["result"] : entry["error"];
  };
  CHECK(
      line_of(
          R"({"content":[{"type":"text","text":" a\r\n\n b\tc\u2028d\u0085e\u0000 "},{"type":"text","text":"f"}]})") ==
      "a b c d e f");
  CHECK(line_of(R"({"content":[{"type":"text","text":"said"}],"structuredContent":{"a":1}})") ==
        "said");
  CHECK(line_of(R"({"content":[],"structuredContent":{"a":1.10}})") == R"({"a":1.10})");
  CHECK(
      line_of(
          R"({"content":[{"type":"image","data":"x"},{"type":"resource","resource":{"uri":"u:1","text":"r"}},{"type":"resource_link","uri":"u:2"}]})") ==
      "[image] r u:2");
  CHECK(line_of(R"({"content":[]})") == "");
  CHECK(line_of(R"({"content":"3"})") ==
        "the content of the MCP server's result is a string, not an array");
  const std::string cut = line_of(R"({"content":[{"type":"text","text":")" +
                                  std::string(endpoints::kMaxVapiResult + 1, 'x') + R"("}]})");
  CHECK(cut == std::string(endpoints::kMaxVapiResult - 1, 'x') + "…");
}

TEST_CASE("vapi: other messages are taken note of, and call nothing") {
  VapiWorld w;
  for (const char* type : {"status-update", "end-of-call-report", "transcript", "hang",
                           "conversation-update", "speech-update", "assistant-request"}) {
    const auto told = w.message(R"("type":")" + std::string(type) +
                                R"(","toolCalls":[{"id":"1","function":{"name":"t"}}])");
    CHECK(told->reply().status == 200);
    CHECK(told->reply().body == "{}");
  }
  CHECK(w.message(R"("type":"tool-calls","toolCallList":[])")->reply().body == R"({"results":[]})");
  CHECK(w.link->sent.empty());
}

TEST_CASE("vapi: what is no message and no call is refused") {
  VapiWorld w;
  for (const char* body :
       {R"({"message":"hello"})", R"({"message":{}})", R"({"message":null})", R"({"message":[]})",
        R"({"message":{"type":"tool-calls","toolCallList":{}}})",
        R"({"message":{"type":"tool-calls","type":"x"}})"}) {
    CAPTURE(body);
    CHECK(w.post("/vapi/call", body)->reply().status == 400);
  }
  std::string many;
  for (std::size_t i = 0; i <= endpoints::kMaxVapiCalls; ++i)
    many += (i == 0 ? "" : ",") + std::string(R"({"id":"1","name":"t"})");
  CHECK(w.message(list_of("toolCallList", many))->reply().status == 400);
  CHECK(w.link->sent.empty());
}

TEST_CASE("vapi: members that two readers could read differently are not read") {
  VapiWorld w;
  for (const std::string& members :
       {list_of("toolCallList", R"({"id":"c","name":"t","Name":"u"})"),
        list_of("toolCallList", R"({"id":"c","name":"t","arguments":{},"Arguments":{"a":1}})"),
        list_of("toolCallList", R"({"id":"c","name":"t","parameters":{},"parameters":{"a":1}})"),
        list_of("toolWithToolCallList",
                R"({"name":"t","toolCall":{"id":"c","parameters":{},"Parameters":{"a":1}}})")}) {
    CAPTURE(members);
    const Json results = Json::parse(w.message(members)->reply().body)["results"];
    CHECK(results[0]["error"].get<std::string>().find("Invalid request body") == 0);
  }
  CHECK(w.link->sent.empty());
}

TEST_CASE("vapi: a mapped name leads to its tool, as everywhere") {
  const std::string mapped = "a_b_" + sha256_hex("a/b").substr(0, 8);
  const std::string call = R"({"name":")" + mapped + R"("})";
  const std::pair<const char*, std::string> rows[] = {
      {"/vapi/call", call},
      {"/call-tool", call},
      {"/call-tool-stream", call},
      {"/openai/call-function", call},
      {"/vapi/call", R"({"message":{"type":"tool-calls","toolCallList":[)" + call + "]}}"}};
  for (const auto& [path, body] : rows) {
    CAPTURE(path, body);
    VapiWorld w;
    w.post(path, body);
    w.answer(R"({"tools":[{"name":"a/b"}]})");
    CHECK(w.params().find(R"({"name":"a/b","arguments":{})") == 0);
  }
}
