#include "endpoints/rest/rest.hpp"

#include "unit/endpoints/rest_world.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using test::ask;
using test::Event;

namespace {

struct ReadyWorld : test::RestWorld {
  ReadyWorld() { ready(); }
};

}  // namespace

TEST_CASE("rest: /tools follows nextCursor to the end and keeps every byte of every tool") {
  ReadyWorld w;
  const auto tools = w.get("/tools");
  const jsonrpc::Message first = w.take();
  CHECK(first.method() == "tools/list");
  CHECK_FALSE(first.envelope.params);
  w.link->sent.push_front(first.text);
  w.answer(R"({"tools":[{"name":"a","x":1.10} , {"name":"b"}],"nextCursor":"c\u0031"})");
  const jsonrpc::Message second = w.take();
  CHECK(second.envelope.params.in(second.text) == R"({"cursor":"c\u0031"})");
  w.link->sent.push_front(second.text);
  CHECK(tools->replies.empty());
  w.answer(R"({"tools":[],"nextCursor":"d"})");
  w.answer(R"({"tools":[{"name":"c"}]})");
  CHECK(tools->reply().status == 200);
  CHECK(tools->reply().body ==
        R"({"success":true,"tools":[{"name":"a","x":1.10},{"name":"b"},{"name":"c"}]})");
}

TEST_CASE("rest: /tools has a tag, and a client that shows it gets 304 while nothing has changed") {
  ReadyWorld w;
  const auto tools = w.get("/tools");
  w.answer(R"({"tools":[{"name":"a"}]})");
  const std::string tag = tools->field("ETag");
  CHECK(tag == R"("f580bad77a818235987cec6165074c4b7508605d9726fa43df8382d2d436fd57")");
  for (const std::string& shown : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    CAPTURE(shown);
    const auto again = ask(w.routes, "GET", "/tools", {}, {}, {{"If-None-Match", shown}});
    w.answer(R"({"tools":[{"name":"a"}]})");
    CHECK(again->reply().status == 304);
    CHECK(again->reply().body.empty());
    CHECK(again->field("ETag") == tag);
  }
  for (const std::string& shown : {std::string("\"other\""), "x" + tag}) {
    const auto other = ask(w.routes, "GET", "/tools", {}, {}, {{"If-None-Match", shown}});
    w.answer(R"({"tools":[{"name":"a"}]})");
    CHECK(other->reply().status == 200);
  }
  const auto changed = ask(w.routes, "GET", "/tools", {}, {}, {{"If-None-Match", tag}});
  w.answer(R"({"tools":[{"name":"b"}]})");
  CHECK(changed->reply().status == 200);
  CHECK(changed->field("ETag") != tag);
}

TEST_CASE("rest: a list without an end is a failure that is not asked for again for 30 s") {
  ReadyWorld w;
  const auto endless = w.get("/tools");
  std::size_t pages = 0;
  for (; endless->replies.empty(); ++pages)
    w.answer(R"({"tools":[],"nextCursor":)" + std::to_string(pages) + "}");
  CHECK(pages == 1000);
  CHECK(endless->reply().status == 500);
  CHECK(
      endless->reply().body ==
      R"({"success":false,"error":"the MCP server's tools/list does not end: it has more than 1000 pages; )"
      R"(it is asked again after 30 s"})");
  const auto remembered = w.get("/tools");
  CHECK(remembered->reply().body == endless->reply().body);
  CHECK(w.link->sent.empty());
  w.timers.advance(30s);
  const auto again = w.get("/tools");
  w.answer(R"({"tools":[]})");
  CHECK(again->reply().status == 200);
}

TEST_CASE("rest: a list whose cursor comes again ends there, without a tool twice") {
  ReadyWorld w;
  const auto repeats = w.get("/tools");
  for (const char* tools :
       {R"([{"name":"a"},{"name":"b"}])", R"([{"name":"b"},{"name":"c"},{"name":"a"}])"})
    w.answer(std::string(R"({"tools":)") + tools + R"(,"nextCursor":"same"})");
  CHECK(repeats->reply().body ==
        R"({"success":true,"tools":[{"name":"a"},{"name":"b"},{"name":"c"}]})");
}

TEST_CASE("rest: a list that is too large, and one of no use, are failures") {
  ReadyWorld w;
  const auto swelling = w.get("/tools");
  std::size_t pages = 0;
  for (; swelling->replies.empty(); ++pages)
    w.answer(R"({"tools":[")" + std::string(9'998, 'x') + R"("],"nextCursor":)" +
             std::to_string(pages) + "}");
  CHECK(swelling->reply().status == 500);
  CHECK(pages == 11);
  w.timers.advance(30s);
  const auto nonsense = w.get("/tools");
  w.answer(R"({"tools":{}})");
  CHECK(nonsense->reply().status == 500);
  CHECK(nonsense->reply().body.find(R"({"success":false,"error":")") == 0);
}

TEST_CASE(
    "rest: a call is put together from the raw name and arguments; its result comes back raw") {
  ReadyWorld w;
  const auto called =
      w.post("/call-tool", R"({"arguments" : {"n":1e400,"s":"\u00e9"},"name":"t\u0031","more":1})");
  const jsonrpc::Message m = w.take();
  CHECK(m.method() == "tools/call");
  CHECK(m.envelope.params.in(m.text) ==
        R"({"name":"t\u0031","arguments":{"n":1e400,"s":"\u00e9"}})");
  w.link->sent.push_front(m.text);
  w.answer(R"({"content":[],"isError":true,"v":-0})");
  CHECK(called->reply().status == 200);
  CHECK(called->reply().body ==
        R"({"success":true,"result":{"content":[],"isError":true,"v":-0}})");
}

TEST_CASE("rest: missing, null and empty arguments are an empty object") {
  ReadyWorld w;
  for (const char* path : {"/call-tool", "/vapi/call", "/openai/call-function"}) {
    for (const char* body :
         {R"({"name":"t"})", R"({"name":"t","arguments":null})", R"({"name":"t","arguments":{}})",
          R"({"name":"t","arguments":[]})", R"({"name":"t","arguments":[ ]})",
          R"({"name":"t","arguments":""})", R"({"name":"t","arguments":"[]"})",
          R"({"name":"t","arguments":" null "})", R"({"name":"t","params":null})"}) {
      CAPTURE(path, body);
      w.post(path, body);
      CHECK(w.params() == R"({"name":"t","arguments":{}})");
    }
  }
}

TEST_CASE("rest: a member that was meant as arguments is refused by its name") {
  ReadyWorld w;
  for (const char* path :
       {"/call-tool", "/call-tool-stream", "/vapi/call", "/openai/call-function"}) {
    for (const std::string member : {"params", "args", "input", "parameters", "tool_input"}) {
      CAPTURE(path, member);
      const auto refused = w.post(path, R"({"name":"t",")" + member + R"(":{"a":1}})");
      CHECK(refused->reply().status == 400);
      CHECK(
          refused->reply().body ==
          R"({"success":false,"error":"the arguments of the call go into \"arguments\", not into \")" +
              member + R"(\""})");
    }
  }
  CHECK(w.link->sent.empty());
  w.post("/call-tool", R"({"name":"t","arguments":{"a":1},"params":{"b":2},"more":3})");
  CHECK(w.params() == R"({"name":"t","arguments":{"a":1}})");
}

TEST_CASE("rest: a form is refused, and JSON that curl calls a form is not") {
  ReadyWorld w;
  const auto send = [&](const char* path, const char* type, const char* body) {
    return ask(w.routes, "POST", path, body, {}, {{"Content-Type", type}});
  };
  const char* form = "application/x-www-form-urlencoded";
  for (const char* path :
       {"/call-tool", "/call-tool-stream", "/vapi/call", "/openai/call-function", "/tools/t"}) {
    CAPTURE(path);
    for (const auto& [type, body] :
         {std::pair(form, "name=t&arguments=%7B%7D"),
          std::pair("application/x-www-form-urlencoded; charset=UTF-8", "a=1"),
          std::pair("multipart/form-data; boundary=x", "--x\r\n")}) {
      const auto refused = send(path, type, body);
      CHECK(refused->reply().status == 415);
      CHECK(refused->reply().body.find("send JSON") != std::string::npos);
    }
    CHECK(send(path, form, "{\"name\":")->reply().status == 400);
    CHECK(w.link->sent.empty());
    send(path, form, R"({"name":"t","a=":1})");
    CHECK(w.params().find(R"({"name":"t")") == 0);
  }
}

TEST_CASE("rest: OpenAI's whole tool call is a call") {
  ReadyWorld w;
  const auto called = w.post(
      "/openai/call-function",
      R"({"id":"call_1","type":"function","function":{"name":"t","arguments":"{\"a\":1.10}"}})");
  const jsonrpc::Message m = w.take();
  CHECK(m.envelope.params.in(m.text) == R"({"name":"t","arguments":{"a":1.10}})");
  w.answer(m, R"({"content":[]})");
  CHECK(called->reply().body == R"({"success":true,"function":"t","result":{"content":[]}})");
  CHECK(w.post("/openai/call-function", R"({"type":"function","function":{"arguments":"{}"}})")
            ->reply()
            .body == R"({"success":false,"error":"Function name is required"})");
  // Of the Responses API.
  w.post("/openai/call-function",
         R"({"type":"function_call","call_id":"c","name":"t","arguments":"{\"a\":2}"})");
  CHECK(w.params() == R"({"name":"t","arguments":{"a":2}})");
}

TEST_CASE("rest: a bad body is a 400 that says what is wrong, and nothing reaches the child") {
  ReadyWorld w;
  const std::pair<const char*, const char*> rows[] = {
      {R"({})", R"({"success":false,"error":"Tool name is required"})"},
      {R"({"name":""})", R"({"success":false,"error":"Tool name is required"})"},
      {R"({"name":null})", R"({"success":false,"error":"Tool name is required"})"},
      {R"({"name":5})", R"({"success":false,"error":"Tool name must be a string"})"},
  };
  for (const auto& [body, answer] : rows) {
    const auto called = w.post("/call-tool", body);
    CHECK(called->reply().status == 400);
    CHECK(called->reply().body == answer);
  }
  for (const char* body : {"", "[]", "x", R"({"name":"t","arguments":5})",
                           R"({"name":"t","arguments":[1]})", R"({"name":"t","arguments":"[1]"})",
                           R"({"name":"t","arguments":"{"})", R"({"name":"t","name":"u"})"}) {
    INFO(body);
    for (const char* target : {"/call-tool", "/vapi/call", "/call-tool-stream"}) {
      CHECK(w.post(target, body)->reply().status == 400);
    }
  }
  CHECK(w.post("/vapi/call", "{}")->reply().body ==
        R"({"success":false,"error":"Function name is required"})");
  CHECK(w.link->sent.empty());
}

TEST_CASE("rest: OpenAI's arguments are the text of an object") {
  ReadyWorld w;
  const auto called = w.post("/openai/call-function",
                             R"({"name":"t","arguments":"{\"a\":1.10,\"b\":\"\\u00e9\"}"})");
  const jsonrpc::Message m = w.take();
  CHECK(m.envelope.params.in(m.text) == R"({"name":"t","arguments":{"a":1.10,"b":"\u00e9"}})");
  w.link->sent.push_front(m.text);
  w.answer(R"({"content":[]})");
  CHECK(called->reply().body == R"({"success":true,"function":"t","result":{"content":[]}})");
  w.post("/vapi/call", R"({"name":"t","arguments":""})");
  CHECK(w.params() == R"({"name":"t","arguments":{}})");
}

TEST_CASE("rest: functions for VAPI are those of OpenAI, in a shape of their own") {
  ReadyWorld w;
  const auto functions = w.get("/vapi/functions");
  w.answer(
      R"({"tools":[{"inputSchema":{"type":"object","maxProperties":1},"name":"a","description":"d"},{"name":"b","inputSchema":{"properties":{"l":{"type":"array"}}}}]})");
  CHECK(
      functions->reply().body ==
      R"({"success":true,"count":2,"functions":[{"name":"a","description":"d","parameters":{"type":"object","maxProperties":1,"properties":{}}},)"
      R"({"name":"b","description":"","parameters":{"type":"object","properties":{"l":{"type":"array","items":{}}}}}]})");
}

TEST_CASE("rest: /info holds the whole InitializeResult, and waits for the child") {
  test::RestWorld w;
  const auto info = w.get("/info");
  CHECK(info->replies.empty());
  w.ready();
  CHECK(
      info->reply().body ==
      R"({"success":true,"serverInfo":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}})");
}

TEST_CASE(
    "rest: errors of the child are 500, timeouts 504, a dead child 503 with a time to retry") {
  ReadyWorld w;
  const auto failed = w.post("/call-tool", R"({"name":"t"})");
  w.answer_error(R"({"code":-32602,"message":"no \"t\""})");
  CHECK(failed->reply().status == 500);
  CHECK(failed->reply().body == R"({"success":false,"error":"no \"t\""})");

  const auto slow = w.post("/call-tool", R"({"name":"t"})");
  w.timers.advance(30s);
  CHECK(slow->reply().status == 504);
  CHECK(slow->reply().body.find(R"({"success":false,"error":)") == 0);

  const auto lost = w.post("/call-tool", R"({"name":"t"})");
  child::Exit exit;
  exit.reason = "exited with code 1";
  exit.retry_in = 100ms;
  w.die(exit);
  CHECK(lost->reply().status == 503);
  CHECK(lost->field("Retry-After") == "1");
  CHECK(lost->reply().body.find("exited with code 1") != std::string::npos);
}

TEST_CASE("rest: a streamed call sends its progress, then the result, then ends") {
  ReadyWorld w;
  const auto streamed = w.post("/call-tool-stream", R"({"name":"t","arguments":{"a":1}})");
  CHECK(streamed->stream_open);
  const jsonrpc::Message m = w.take();
  const std::string token(m.envelope.progress_token.in(m.text));
  w.link->say(
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":0.50,"progressToken":)" +
      token + "}}");
  w.link->say(
      R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"d"}})");
  w.link->sent.push_front(m.text);
  w.answer(R"({"content":[]})");
  CHECK(streamed->events ==
        std::vector<Event>{{"progress", R"({"progress":0.50,"progressToken":1})"},
                           {"result", R"({"success":true,"result":{"content":[]}})"}});
  CHECK_FALSE(streamed->stream_open);

  const auto failed = w.post("/call-tool-stream", R"({"name":"t"})");
  w.answer_error(R"({"code":1,"message":"m"})");
  CHECK(failed->events == std::vector<Event>{{"error", R"({"success":false,"error":"m"})"}});
}
