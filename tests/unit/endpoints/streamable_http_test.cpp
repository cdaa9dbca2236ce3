#include "endpoints/mcp/streamable_http.hpp"

#include "mcp/protocol.hpp"
#include "support/principals.hpp"
#include "unit/endpoints/streamable_world.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using namespace sidecar::test;

TEST_CASE("streamable_http: initialize opens a session, and its id is in the head of the answer") {
  StreamableWorld w;
  const auto made = w.post({}, initialize_text("2025-06-18"));
  CHECK(made->reply().status == 200);
  CHECK(made->reply().content_type == "application/json");
  CHECK(made->reply().body.find(R"("id":0,"result":{"protocolVersion":"2025-06-18")") !=
        std::string::npos);
  const std::string id = made->field("Mcp-Session-Id");
  CHECK(id.size() == 64);
  CHECK(id != w.open());
  const session::Session* session = w.sessions.find(id);
  REQUIRE(session != nullptr);
  CHECK(session->version() == "2025-06-18");
  CHECK(session->source().client_name == "c");
  CHECK(session->source().client_version == "2");
  CHECK(session->instance() == "child");
}

TEST_CASE("streamable_http: a failed initialize returns no session id and leaves no session") {
  StreamableWorld w;
  w.instances.refuse_calls("shutting down");
  const auto refused = w.post({}, initialize_text("2025-11-25"));
  CHECK(refused->reply().status == 503);
  CHECK(refused->field("Mcp-Session-Id").empty());
  CHECK(refused->field("Retry-After") == "1");
  w.timers.advance(0s);
  CHECK(w.sessions.size() == 0);
}

TEST_CASE("streamable_http: a client that disconnects during initialize leaves no session") {
  StreamableWorld w;
  w.die();
  const auto made = w.post({}, initialize_text("2025-11-25"));
  w.timers.advance(10s);  // longer than stream_after, because initialize never becomes a stream
  CHECK_FALSE(made->answered());
  made->leave();
  w.ready("2025-11-25");
  w.timers.advance(0s);
  CHECK(w.sessions.size() == 0);
  CHECK(w.dropped("answer_to_gone_client") == 1);
}

TEST_CASE("streamable_http: initialize on an event stream has the session id in its head") {
  StreamableWorld w;
  const auto made = w.post({}, initialize_text("2025-11-25"), "text/event-stream");
  CHECK(made->streamed);
  CHECK_FALSE(made->stream_open);
  CHECK(made->field("Mcp-Session-Id").size() == 64);
  CHECK(made->first_bytes == "id: 0badcafe-1-0\nretry: 1000\ndata: \n\n");
  REQUIRE(made->events.size() == 1);
  CHECK(made->events[0].id == "0badcafe-1-1");
}

TEST_CASE("streamable_http: without a session a GET gets 405, a DELETE 400") {
  StreamableWorld w;
  CHECK(w.end({})->reply().status == 400);
  const auto got = w.send("GET", {}, {{"Accept", "text/event-stream"}});
  CHECK(got->reply().status == 405);
  CHECK(got->field("Allow") == "POST, DELETE, OPTIONS");
  CHECK(got->reply().body.find(R"("id":null,"error":{"code":-32000)") != std::string::npos);
  CHECK(w.sessions.size() == 0);
}

TEST_CASE("streamable_http: unknown sessions are 404, -32001") {
  StreamableWorld w;
  w.open();
  for (const char* id : {"x", "constructor", "__proto__", "00000000000000000000000000000000"}) {
    CAPTURE(id);
    CHECK(w.post(id, kList)->reply().status == 404);
    CHECK(w.post(id, initialize_text("2025-11-25"))->reply().status == 404);
    CHECK(w.get(id)->reply().status == 404);
    CHECK(w.end(id)->reply().status == 404);
  }
  CHECK(w.post("x", kList)->reply().body ==
        R"({"jsonrpc":"2.0","id":"a","error":{"code":-32001,"message":"Session not found"}})");
}

TEST_CASE("streamable_http: another owner's session is 403, from any address") {
  StreamableWorld w;
  const std::string id = w.open("2025-11-25", key("alice"));
  CHECK(w.post(id, kList, "*/*", key("bob"))->reply().status == 403);
  CHECK(w.get(id, {}, key("bob"))->reply().status == 403);
  CHECK(w.end(id, key("bob"))->reply().status == 403);
  CHECK(w.metrics.refused("session_of_another_owner").Value() == 3);
  CHECK(w.get(id, {}, key("alice", "198.51.100.7"))->stream_open);
}

TEST_CASE("streamable_http: the content type must be JSON") {
  StreamableWorld w;
  const std::string id = w.open();
  for (const char* type : {"application/json", "Application/JSON",
                           "application/json; charset=utf-8", "application/json;charset=utf-8"}) {
    CAPTURE(type);
    const auto posted = w.send("POST", R"({"jsonrpc":"2.0","id":1,"method":"ping"})",
                               {{"Content-Type", type}, {"Mcp-Session-Id", id}});
    CHECK(posted->reply().status == 200);
  }
  for (const char* type : {"", "text/plain", "application/jsonp",
                           "application/x-www-form-urlencoded", "text/plain; a=application/json"}) {
    CAPTURE(type);
    const auto posted = w.send("POST", kList, {{"Content-Type", type}, {"Mcp-Session-Id", id}});
    CHECK(posted->reply().status == 415);
    CHECK(posted->reply().body.find(R"("id":"a")") != std::string::npos);
  }
}

TEST_CASE("streamable_http: Accept must allow JSON or event streams, for a GET event streams") {
  StreamableWorld w;
  const std::string id = w.open();
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  for (const char* accept :
       {"*/*", "application/*", "application/json", "text/html, application/json;q=0.1",
        "APPLICATION/JSON", "application/json, text/event-stream"}) {
    CAPTURE(accept);
    CHECK(w.post(id, ping, accept)->reply().status == 200);
  }
  for (const char* accept :
       {"text/event-stream", "text/*", "application/json;q=0, text/event-stream"}) {
    CAPTURE(accept);
    CHECK(w.post(id, ping, accept)->streamed);
  }
  for (const char* accept : {"text/html", "application/json;q=0", "image/*", "*/*;q=0"}) {
    CAPTURE(accept);
    CHECK(w.post(id, ping, accept)->reply().status == 406);
  }
  for (const char* accept :
       {"application/json", "text/html", "text/event-stream;q=0.0, application/json"}) {
    CAPTURE(accept);
    CHECK(w.send("GET", {}, {{"Accept", accept}, {"Mcp-Session-Id", id}})->reply().status == 406);
  }
  CHECK(w.send("GET", {},
               {{"Accept", "application/json"},
                {"Accept", "text/event-stream"},
                {"Mcp-Session-Id", id}})
            ->stream_open);
  CHECK(w.send("GET", {}, {{"Mcp-Session-Id", id}})->stream_open);
}

TEST_CASE(
    "streamable_http: an unsupported revision gets 400, so that clients of both eras fall back") {
  StreamableWorld w;
  const std::string id = w.open();
  const std::string list =
      R"({"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})";
  const auto by_header =
      w.send("POST", R"({"jsonrpc":"2.0","id":7,"method":"tools/list"})",
             {{"Content-Type", "application/json"}, {"MCP-Protocol-Version", "2026-07-28"}});
  CHECK(by_header->reply().status == 400);
  CHECK(
      by_header->reply().body ==
      R"({"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"Bad Request: Unsupported protocol version: )"
      R"x(2026-07-28 (supported versions: 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25)"}})x");
  const auto by_meta = w.post({}, list);
  CHECK(by_meta->reply().body == by_header->reply().body);
  const auto by_method =
      w.send("POST", kList, {{"Content-Type", "application/json"}, {"Mcp-Method", "tools/call"}});
  CHECK(by_method->reply().body.find("Unsupported protocol version") != std::string::npos);
  for (const char* unknown : {"1.0", "2025-07-01", "2026-13-01"}) {
    CAPTURE(unknown);
    const Fields fields = {{"Content-Type", "application/json"},
                           {"Mcp-Session-Id", id},
                           {"MCP-Protocol-Version", unknown}};
    CHECK(w.send("GET", {}, fields)->reply().status == 400);
    CHECK(w.send("DELETE", {}, fields)->reply().status == 400);
    const auto posted = w.send("POST", kList, fields);
    CHECK(posted->reply().status == 400);
    CHECK(posted->reply().body.find(R"("id":"a")") != std::string::npos);
  }
  for (const std::string_view version : mcp::kHandshakeVersions) {
    const auto known =
        w.send("GET", {}, {{"Mcp-Session-Id", id}, {"MCP-Protocol-Version", std::string(version)}});
    CHECK(known->stream_open);
  }
}

TEST_CASE("streamable_http: an invalid message is 400 with its code, and with its id if readable") {
  StreamableWorld w;
  const std::string id = w.open();
  const std::pair<const char*, const char*> rows[] = {
      {"{", R"("id":null,"error":{"code":-32700)"},
      {"", R"("id":null,"error":{"code":-32700)"},
      {R"({"jsonrpc":"2.0","id":3})", R"("id":3,"error":{"code":-32600)"},
      {R"([{"jsonrpc":"2.0","id":3,"method":"ping"}])", R"("id":null,"error":{"code":-32600)"},
  };
  for (const auto& [body, error] : rows) {
    CAPTURE(body);
    const auto posted = w.post(id, body);
    CHECK(posted->reply().status == 400);
    CHECK(posted->reply().body.find(error) != std::string::npos);
  }
  CHECK(w.link->sent.empty());
}

TEST_CASE("streamable_http: a session is initialized once") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto again = w.post(id, initialize_text("2025-03-26"));
  CHECK(again->reply().status == 400);
  CHECK(error_of(again) == "-32600");
  CHECK(w.sessions.find(id)->version() == "2025-11-25");
}

TEST_CASE("streamable_http: DELETE ends the session, which is unknown afterwards") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto stream = w.get(id);
  const auto waiting = w.post(id, kList);
  w.take();
  const auto ended = w.end(id);
  CHECK(ended->reply().status == 204);
  CHECK(ended->reply().body.empty());
  CHECK_FALSE(stream->stream_open);
  CHECK(waiting->reply().status == 404);
  CHECK(waiting->reply().body.find(R"("id":"a","error":{"code":-32001)") != std::string::npos);
  CHECK(w.take().method() == "notifications/cancelled");
  CHECK(w.end(id)->reply().status == 404);
  CHECK(w.post(id, kList)->reply().status == 404);
}

TEST_CASE(
    "streamable_http: when the table is full, a session without streams and calls is evicted") {
  StreamableWorld w({.table = {3, 30min}});
  const std::string listening = w.open();
  w.get(listening);
  const std::string waiting = w.open();
  w.post(waiting, kList);
  w.timers.advance(1s);
  const std::string silent = w.open();
  w.timers.advance(1s);
  const std::string fresh = w.open();
  CHECK(w.sessions.find(silent) == nullptr);
  CHECK(w.metrics.sessions_evicted.Value() == 1);
  w.get(fresh);
  const auto refused = w.post({}, initialize_text("2025-11-25"));
  CHECK(refused->reply().status == 503);
  CHECK(
      refused->reply().body.find(
          R"("id":0,"error":{"code":-32000,"message":"Connection limit exceeded: your address holds)") !=
      std::string::npos);
  CHECK_FALSE(refused->field("Retry-After").empty());
  CHECK(w.metrics.refused("sessions").Value() == 1);
}

TEST_CASE("streamable_http: of several idle sessions the longest idle one is evicted") {
  StreamableWorld w({.table = {3, 30min}});
  const std::string first = w.open();
  w.timers.advance(1s);
  const std::string second = w.open();
  w.timers.advance(1s);
  const std::string third = w.open();
  w.timers.advance(1s);
  w.post(first, R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  w.post(third, R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
  w.open();
  CHECK(w.sessions.find(first) != nullptr);
  CHECK(w.sessions.find(second) == nullptr);
  CHECK(w.sessions.find(third) != nullptr);
}

TEST_CASE(
    "streamable_http: a GET beyond the streams of one address is 503, but may replace its own") {
  StreamableWorld w({.streams_per_address = 1});
  const std::string one = w.open(), two = w.open();
  const observe::Caller here{"", "192.0.2.1", false, false};
  CHECK(w.get(one, {}, here)->stream_open);
  const auto again = w.get(one, {}, here);
  CHECK(again->stream_open);
  const auto refused = w.get(two, {}, here);
  CHECK(refused->reply().status == 503);
  CHECK(refused->reply().body.find("Connection limit exceeded") != std::string::npos);
  CHECK_FALSE(refused->field("Retry-After").empty());
  CHECK(w.get(two, {}, {"", "192.0.2.2", false, false})->stream_open);
  again->leave();
  CHECK(w.get(two, {}, here)->stream_open);
}

TEST_CASE("streamable_http: an idle session ends; the answer to a call counts as activity") {
  StreamableWorld w({.table = {10, 8s}});
  const std::string silent = w.open(), listening = w.open(), waiting = w.open();
  w.get(listening);
  w.post(waiting, kList);
  const jsonrpc::Message call = w.take();
  w.timers.advance(11s);
  CHECK(w.sessions.find(silent) == nullptr);
  CHECK(w.sessions.find(listening) != nullptr);
  CHECK(w.sessions.find(waiting) != nullptr);
  w.answer(call, "{}");
  w.timers.advance(6s);
  CHECK(w.sessions.find(waiting) != nullptr);
  w.timers.advance(5s);
  CHECK(w.sessions.find(waiting) == nullptr);
}

TEST_CASE("streamable_http: a session with an open stream, or whose client pings, is not idle") {
  StreamableWorld w({.table = {10, 8s}});
  const std::string listening = w.open(), pinging = w.open();
  const auto stream = w.get(listening);
  for (int i = 0; i < 20; ++i) {
    w.timers.advance(5s);
    CHECK(w.post(pinging, R"({"jsonrpc":"2.0","id":1,"method":"ping"})")->reply().status == 200);
  }
  CHECK(w.sessions.size() == 2);
  stream->leave();
  w.timers.advance(6s);
  CHECK(w.sessions.find(listening) != nullptr);  // the time runs from the end of the stream
  w.timers.advance(5s);
  CHECK(w.sessions.size() == 0);
}

TEST_CASE("streamable_http: a revision newer than the negotiated one means the negotiated one") {
  StreamableWorld w;
  for (const char* named : {"2025-11-25", "2026-07-28", "2027-01-01"}) {
    CAPTURE(named);
    const Fields plain = {{"Content-Type", "application/json"}, {"MCP-Protocol-Version", named}};
    const auto made = w.send("POST", initialize_text("2025-06-18"), plain);
    CHECK(made->reply().status == 200);
    Fields fields = plain;
    fields.push_back({"Mcp-Session-Id", made->field("Mcp-Session-Id")});
    const auto posted = w.send("POST", kList, fields);
    w.answer(w.take(), R"({"content":[]})");
    CHECK(posted->reply().status == 200);
    const auto stream = w.send("GET", {}, fields);
    CHECK(stream->stream_open);
    CHECK(stream->first_bytes.find("id:") == std::string::npos);  // as of the negotiated revision
    CHECK(w.send("DELETE", {}, fields)->reply().status == 204);
  }
}

TEST_CASE("streamable_http: server/discover is answered with -32601 and never reaches the child") {
  StreamableWorld w;
  const std::string id = w.open();
  const std::string text = R"({"jsonrpc":"2.0","id":9,"method":"server/discover","params":{)";
  const std::string claim = R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})";
  for (const std::string& session : {std::string(), id}) {
    for (const std::string& discover : {text + "}}", text + claim}) {
      const auto posted = w.post(session, discover);
      CHECK(posted->reply().status == 400);
      CHECK(posted->reply().body.find(R"("id":9,"error":{"code":-32601)") != std::string::npos);
    }
  }
  CHECK(w.link->sent.empty());
}

TEST_CASE("streamable_http: HEAD gets the head of a stream and leaves the open stream alone") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto stream = w.get(id);
  const auto head = w.send("HEAD", {}, {{"Mcp-Session-Id", id}});
  CHECK(head->streamed);
  CHECK_FALSE(head->stream_open);
  CHECK(stream->stream_open);
}

namespace {

const StreamableWorld::Setup kAfterRestart = {.process = "feedf00d"};

}  // namespace

TEST_CASE("revival: a client goes on with its session after a restart") {
  StreamableWorld before;
  const std::string id = before.open("2025-06-18", key("alice"));
  StreamableWorld w(kAfterRestart);
  const auto posted = w.post(id, kList, "*/*", key("alice"));
  w.answer(w.take(), R"({"content":[]})");
  CHECK(posted->reply().status == 200);
  CHECK(posted->field("Mcp-Session-Id").empty());
  session::Session* const session = w.sessions.find(id);
  REQUIRE(session != nullptr);
  CHECK(session->version() == "2025-06-18");
  CHECK(w.sessions.size() == 1);
  CHECK(w.post(id, initialize_text("2025-06-18"), "*/*", key("alice"))->reply().status == 400);
  CHECK(w.end(id, key("alice"))->reply().status == 204);
  CHECK(w.post(id, kList, "*/*", key("alice"))->reply().status == 404);
}

TEST_CASE("revival: the first stream reports that the lists may differ") {
  StreamableWorld before;
  const std::string id = before.open();
  SECTION("the child is ready") {
    StreamableWorld w(kAfterRestart);
    const auto stream = w.get(id);
    REQUIRE(stream->events.size() == 1);
    CHECK(stream->events[0] == Event{"message", kChanged, "feedf00d-0-1"});
    w.link->say(kChanged);
    CHECK(stream->events.size() == 2);
  }
  SECTION("a call comes before the stream") {
    StreamableWorld w(kAfterRestart);
    w.post(id, R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
    CHECK(w.get(id)->events.size() == 1);
  }
  SECTION("the child is starting") {
    StreamableWorld w(kAfterRestart);
    w.die();
    const auto stream = w.get(id);
    CHECK(stream->events.empty());
    w.ready("2025-11-25", R"({"tools":{"listChanged":true}})");
    CHECK(stream->events.size() == 1);
  }
}

TEST_CASE("revival: event ids of another process begin the stream anew, or end that of a call") {
  StreamableWorld before;
  const std::string id = before.open();
  StreamableWorld w(kAfterRestart);
  for (const char* last : {"0badcafe-0-0", "0badcafe-0-17"}) {
    CAPTURE(last);
    const auto stream = w.get(id, last);
    CHECK(stream->stream_open);
    CHECK(stream->first_bytes.starts_with("id: feedf00d-0-"));
  }
  for (const char* last : {"0badcafe-1-0", "0badcafe-2-1"}) {
    CAPTURE(last);
    const auto stream = w.get(id, last);
    CHECK(stream->streamed);
    CHECK_FALSE(stream->stream_open);
    CHECK(stream->first_bytes.starts_with(": "));
    CHECK(stream->events.empty());
  }
  CHECK(w.get(id, "feedf00d-7-1")->reply().status == 400);
}

TEST_CASE("revival: another owner, secret or a made-up id finds no session") {
  StreamableWorld before;
  const std::string id = before.open("2025-11-25", key("alice"));
  StreamableWorld w(kAfterRestart);
  CHECK(w.post(id, kList, "*/*", key("bob"))->reply().status == 404);
  CHECK(w.post(id, kList)->reply().status == 404);
  std::string forged = id;
  forged.back() = forged.back() == '0' ? '1' : '0';
  CHECK(w.post(forged, kList, "*/*", key("alice"))->reply().status == 404);
  CHECK(w.sessions.size() == 0);
  StreamableWorld foreign({.secret = "the secret of somebody else"});
  CHECK(foreign.post(id, kList, "*/*", key("alice"))->reply().status == 404);
  // Once it lives here, it is another owner's session.
  w.post(id, R"({"jsonrpc":"2.0","id":1,"method":"ping"})", "*/*", key("alice"));
  CHECK(w.post(id, kList, "*/*", key("bob"))->reply().status == 403);
}

TEST_CASE("revival: not for a session that has ended here, whatever ended it") {
  StreamableWorld w({.table = {1, 8s}});
  const std::string evicted = w.open();
  const std::string idle = w.open();
  CHECK(w.post(evicted, kList)->reply().status == 404);
  w.timers.advance(11s);
  CHECK(w.post(idle, kList)->reply().status == 404);
  const std::string ended = w.open();
  CHECK(w.end(ended)->reply().status == 204);
  const auto gone = w.post(ended, kList);
  CHECK(gone->reply().status == 404);
  CHECK(gone->reply().body.find("MCP_STATELESS=true") != std::string::npos);
  CHECK(w.post(idle, kList)->reply().body.find("MCP_STATELESS") == std::string::npos);
  CHECK(w.sessions.size() == 0);
}

TEST_CASE("revival: needs room like a new session; without it, it is possible later") {
  StreamableWorld before;
  const std::string id = before.open("2025-11-25", key("alice"));
  StreamableWorld w(
      {.table = {.sessions = 10, .idle = 60s, .sessions_per_owner = 1}, .process = "feedf00d"});
  const std::string busy = w.open("2025-11-25", key("alice"));
  const auto stream = w.get(busy, {}, key("alice"));
  const auto refused = w.post(id, kList, "*/*", key("alice"));
  CHECK(refused->reply().status == 503);
  CHECK(refused->field("Retry-After") == "5");
  w.end(busy, key("alice"));
  CHECK_FALSE(w.post(id, kList, "*/*", key("alice"))->answered());
  CHECK(w.take().method() == "tools/call");
}
