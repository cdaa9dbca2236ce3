#include "endpoints/mcp/sessionless_posts.hpp"

#include <fmt/format.h>

#include "support/principals.hpp"
#include "unit/endpoints/streamable_world.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using namespace sidecar::test;

namespace {

std::string request(std::string_view method, std::string_view params = "{}") {
  return fmt::format(R"({{"jsonrpc":"2.0","id":"a","method":"{}","params":{}}})", method, params);
}

struct Row {
  const char* method;
  const char* params;
};

}  // namespace

TEST_CASE("sessionless: a call is passed on and answered, without the id of a session") {
  StreamableWorld w;
  const auto posted = w.post({}, kList);
  const jsonrpc::Message call = w.take();
  CHECK(call.method() == "tools/call");
  w.answer(call, R"({"content":[]})");
  CHECK(posted->reply().status == 200);
  CHECK(posted->reply().body == R"({"jsonrpc":"2.0","id":"a","result":{"content":[]}})");
  CHECK(posted->field("Mcp-Session-Id").empty());
  CHECK(w.sessions.size() == 0);
}

TEST_CASE("sessionless: clients that use the same id get their own answers") {
  StreamableWorld w;
  const auto first = w.post({}, kList);
  const auto second = w.post({}, kList);
  const jsonrpc::Message one = w.take(), two = w.take();
  w.answer(two, R"({"content":[2]})");
  w.answer(one, R"({"content":[1]})");
  CHECK(first->reply().body.find("[1]") != std::string::npos);
  CHECK(second->reply().body.find("[2]") != std::string::npos);
}

TEST_CASE("sessionless: progress comes on the stream of its call, without event ids") {
  StreamableWorld w;
  const auto posted =
      w.post({}, request("tools/call", R"({"name":"t","_meta":{"progressToken":"p"}})"));
  const jsonrpc::Message call = w.take();
  w.link->say(fmt::format(
      R"({{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{},"progress":1}}}})",
      call.envelope.progress_token.in(call.text)));
  w.answer(call, "{}");
  CHECK(posted->first_bytes.find("id:") == std::string::npos);
  REQUIRE(posted->events.size() == 2);
  CHECK(posted->events[0].data.find(R"("progressToken":"p")") != std::string::npos);
  CHECK(posted->events[0].id.empty());
  CHECK(posted->field("Mcp-Session-Id").empty());
  CHECK_FALSE(posted->stream_open);
}

TEST_CASE("sessionless: a disconnect does not cancel the call") {
  StreamableWorld w;
  const auto posted = w.post({}, kList);
  const jsonrpc::Message call = w.take();
  posted->leave();
  CHECK(w.link->sent.empty());
  w.answer(call, "{}");
  CHECK_FALSE(posted->answered());
  CHECK(w.dropped("answer_to_gone_client") == 1);
}

TEST_CASE("sessionless: notifications and answers are 202 and do not reach the child") {
  StreamableWorld w;
  for (const char* text :
       {R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}})",
        R"({"jsonrpc":"2.0","id":1,"result":{}})",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}})"}) {
    CAPTURE(text);
    const auto posted = w.post({}, text);
    CHECK(posted->reply().status == 202);
    CHECK(posted->reply().body.empty());
  }
  CHECK(w.dropped("request_without_id") == 0);
  CHECK(w.post({}, R"({"jsonrpc":"2.0","method":"tools/list"})")->reply().status == 202);
  CHECK(w.dropped("request_without_id") == 1);
  CHECK(w.link->sent.empty());
}

TEST_CASE("sessionless: pings and levels are answered here, on the stream if only that is taken") {
  StreamableWorld w;
  for (const char* method : {"ping", "logging/setLevel"}) {
    const auto posted = w.post({}, request(method, R"({"level":"debug"})"));
    CHECK(posted->reply().body == R"({"jsonrpc":"2.0","id":"a","result":{}})");
    const auto streamed = w.post({}, request(method), "text/event-stream");
    CHECK(streamed->events.size() == 1);
  }
  CHECK(w.link->sent.empty());
}

TEST_CASE("sessionless: what needs a session is refused with a way out") {
  StreamableWorld w;
  for (const Row& row :
       {Row{"resources/subscribe", R"({"uri":"a://b"})"},
        Row{"resources/unsubscribe", R"({"uri":"a://b"})"}, Row{"tasks/get", R"({"taskId":"1"})"},
        Row{"tasks/list", "{}"}, Row{"tasks/result", R"({"taskId":"1"})"},
        Row{"tasks/cancel", R"({"taskId":"1"})"},
        Row{"tools/call", R"({"name":"t","task":{"ttl":1000}})"}}) {
    CAPTURE(row.method);
    const auto posted = w.post({}, request(row.method, row.params));
    CHECK(posted->reply().status == 400);
    CHECK(posted->reply().body.find(R"("id":"a","error":{"code":-32600)") != std::string::npos);
    CHECK(posted->reply().body.find("needs a session: send initialize first") != std::string::npos);
  }
  const auto misnamed = w.post({}, request("notifications/initialized"));
  CHECK(misnamed->reply().status == 400);
  CHECK(w.link->sent.empty());
}

TEST_CASE("sessionless: a batch, a broken message and an unknown revision are refused") {
  StreamableWorld w;
  CHECK(w.post({}, "[" + kList + "]")->reply().status == 400);
  CHECK(w.post({}, "{")->reply().status == 400);
  for (const char* version : {"1.0", "2025-07-01"}) {
    CAPTURE(version);
    const auto posted = w.send(
        "POST", kList, {{"Content-Type", "application/json"}, {"MCP-Protocol-Version", version}});
    CHECK(posted->reply().status == 400);
    CHECK(posted->reply().body.find(R"("id":"a")") != std::string::npos);
  }
  CHECK(w.link->sent.empty());
  CHECK_FALSE(w.send("POST", kList,
                     {{"Content-Type", "application/json"}, {"MCP-Protocol-Version", "2027-01-01"}})
                  ->answered());
  CHECK(w.take().method() == "tools/call");
}

TEST_CASE("sessionless: permissions apply, and a call ends with its key") {
  StreamableWorld w;
  auth::Permissions rules;
  rules.tools.allow = {"other"};
  observe::Caller restricted = key("alice");
  restricted.permissions = {std::make_shared<auth::Permissions>(rules)};
  const auto refused = w.post({}, kList, "*/*", restricted);
  CHECK(refused->reply().body.find("not permitted") != std::string::npos);
  CHECK(w.link->sent.empty());

  const auto alice = w.post({}, kList, "*/*", key("alice"));
  const auto bob = w.post({}, kList, "*/*", key("bob"));
  const jsonrpc::Message first = w.take(), second = w.take();
  w.mcp.sessionless_calls().end_calls(
      [](const auth::Principal& caller) { return caller.owner == "bob"; });
  CHECK(alice->reply().body.find("revoked") != std::string::npos);
  w.answer(first, "{}");
  w.answer(second, "{}");
  CHECK(alice->replies.size() == 1);
  CHECK(bob->reply().status == 200);
}

TEST_CASE("sessionless: a question of the child during a call is refused, not passed on") {
  StreamableWorld w;
  const auto posted = w.post({}, kList);
  const jsonrpc::Message call = w.take();
  w.link->say(R"({"jsonrpc":"2.0","id":5,"method":"sampling/createMessage","params":{}})");
  const jsonrpc::Message answer = w.take();
  CHECK(answer.kind() == jsonrpc::Kind::kError);
  w.answer(call, "{}");
  CHECK(posted->reply().status == 200);
}

TEST_CASE("stateless: every client is served without a session") {
  StreamableWorld w({.stateless = true});
  const auto made = w.post({}, initialize_text("2025-06-18"));
  CHECK(made->reply().status == 200);
  CHECK(made->reply().body.find(R"("protocolVersion":"2025-06-18")") != std::string::npos);
  CHECK(made->field("Mcp-Session-Id").empty());
  CHECK(w.sessions.size() == 0);
  const auto posted = w.post("an id of long ago", kList);
  w.answer(w.take(), "{}");
  CHECK(posted->reply().status == 200);
  for (const auto& refused : {w.get("x"), w.end("x"), w.send("GET", {}, {})}) {
    CHECK(refused->reply().status == 405);
    CHECK(refused->field("Allow") == "POST, OPTIONS");
  }
}

TEST_CASE("stateless: an initialize waits for the child's first handshake") {
  StreamableWorld w({.stateless = true});
  w.die();
  const auto made = w.post({}, initialize_text("2025-11-25"));
  CHECK_FALSE(made->answered());
  w.ready("2025-11-25");
  CHECK(made->reply().body.find("protocolVersion") != std::string::npos);
}
