#include "endpoints/mcp/legacy_sse.hpp"

#include "support/principals.hpp"
#include "unit/endpoints/world.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using test::ask;
using test::Event;
using test::key;
using test::without_key;

namespace {

struct SseWorld : test::World {
  explicit SseWorld(session::TableLimits table = {}, std::string message_path = "/message",
                    std::size_t streams_per_address = 0,
                    const std::function<std::string(const http::Head&)>& prefix = nullptr)
      : World(table, streams_per_address),
        sse(sessions, instances, streams, timers, {std::move(message_path), prefix, {}}),
        routes(sse.routes()) {
    ready();
  }

  std::shared_ptr<test::Outcome> open(observe::Caller caller = {}) {
    return ask(routes, "GET", "/sse", {}, caller);
  }
  std::shared_ptr<test::Outcome> post(const std::string& target, std::string body,
                                      observe::Caller caller = {}) {
    return ask(routes, "POST", target, std::move(body), caller);
  }

  endpoints::LegacySse sse;
  std::vector<http::Route> routes;
};

// The address in the first event of a stream.
std::string endpoint(const std::shared_ptr<test::Outcome>& stream) {
  REQUIRE(stream->events.size() >= 1);
  REQUIRE(stream->events[0].name == "endpoint");
  return stream->events[0].data;
}

std::string id_of(const std::shared_ptr<test::Outcome>& stream) {
  const std::string address = endpoint(stream);
  return address.substr(address.find('=') + 1);
}

const std::string kList = R"({"jsonrpc":"2.0","id":"a","method":"tools/list"})";
}  // namespace

TEST_CASE("legacy_sse: a stream begins with the comment, then the address with its session id") {
  SseWorld w({}, "/prefix/messages");
  const auto stream = w.open();
  CHECK(stream->stream_open);
  CHECK(stream->first_bytes == ": connected\n\n");
  CHECK(endpoint(stream).rfind("/prefix/messages?sessionId=", 0) == 0);
  CHECK(id_of(stream).size() == 32);
  CHECK(id_of(stream) != id_of(w.open()));
}

TEST_CASE("legacy_sse: the address begins with the prefix under which the stream was opened") {
  SseWorld w({}, "/messages", 0,
             [](const http::Head& head) { return std::string(head.header("X-Prefix")); });
  const auto below = ask(w.routes, "GET", "/sse", {}, {}, {{"X-Prefix", "/a/b"}});
  CHECK(endpoint(below).rfind("/a/b/messages?sessionId=", 0) == 0);
  CHECK(endpoint(w.open()).rfind("/messages?sessionId=", 0) == 0);
}

TEST_CASE(
    "legacy_sse: a message is accepted, and its answer is sent on the stream of its session") {
  SseWorld w;
  const auto one = w.open(), two = w.open();
  for (const std::string& target : {endpoint(one), "/messages?sessionId=" + id_of(one),
                                    "/messages/" + id_of(one), "/messages/" + id_of(one) + "/"}) {
    const auto posted = w.post(target, kList);
    CHECK(posted->reply().status == 202);
    CHECK(posted->reply().body == "Accepted");
    w.answer(R"({"tools":[]})");
    CHECK(one->events.back() ==
          Event{"message", R"({"jsonrpc":"2.0","id":"a","result":{"tools":[]}})"});
  }
  CHECK(one->events.size() == 5);
  CHECK(two->events.size() == 1);
}

TEST_CASE("legacy_sse: unknown sessions get 404, those of another key 403") {
  SseWorld w;
  const auto stream = w.open(key("alice"));
  for (const char* id : {"", "x", "constructor", "00000000000000000000000000000000"}) {
    CHECK(w.post(std::string("/message?sessionId=") + id, kList, key("alice"))->reply().status ==
          404);
    CHECK(w.post(std::string("/messages/") + id, kList, key("alice"))->reply().status == 404);
  }
  CHECK(w.post(endpoint(stream), kList, key("bob"))->reply().status == 403);
  CHECK(w.link->sent.empty());
  CHECK(w.post(endpoint(stream), kList, key("alice", "198.51.100.9"))->reply().status == 202);
}

TEST_CASE("legacy_sse: a message without an id goes to the only session that matches") {
  SseWorld w;
  const auto stream = w.open();
  const auto posted = w.post("/message", kList);
  CHECK(posted->reply().status == 202);
  CHECK(posted->reply().body == R"({"accepted":true})");
  w.answer("{}");
  CHECK(stream->events.size() == 2);
  const auto second = w.open();
  CHECK(w.post("/message", kList)->reply().status == 409);
  w.post(endpoint(stream), kList);
  CHECK(w.post("/message", kList)->reply().status == 202);
}

TEST_CASE(
    "legacy_sse: a message without an id or a session gets the predecessor's 503, with its id") {
  SseWorld w;
  const std::string error =
      R"({"jsonrpc":"2.0","error":{"code":-32000,"message":"No active MCP session. Connect to /sse first."})";
  const std::pair<const char*, const char*> rows[] = {
      {R"({"jsonrpc":"2.0","id":1,"method":"m"})", R"(,"id":1})"},
      {R"({"jsonrpc":"2.0","id":"\u0061","method":"m"})", R"(,"id":"\u0061"})"},
      {R"({"jsonrpc":"2.0","method":"m"})", "}"},
      {"{}", "}"},
      {"", "}"},
  };
  for (const auto& [body, rest] : rows) {
    const auto posted = w.post("/message", body);
    CHECK(posted->reply().status == 503);
    CHECK(posted->reply().body == error + rest);
  }
}

TEST_CASE("legacy_sse: broken JSON gets 400, whether or not there is a session for it") {
  SseWorld w;
  const auto refused = [&w](const std::string& target, const observe::Caller& caller) {
    const auto posted = w.post(target, R"({"jsonrpc":"2.0","id":1,)", caller);
    CHECK(posted->reply().status == 400);
    CHECK(posted->reply().body.find("-32700") != std::string::npos);
  };
  refused("/message", key("alice"));
  refused("/message?sessionId=made-up", key("alice"));
  refused("/messages/made-up", key("alice"));
  const auto stream = w.open(key("alice"));
  refused(endpoint(stream), key("bob"));
  const auto second = w.open(key("alice"));
  refused("/message", key("alice"));
  CHECK(w.post("/message?sessionId=made-up", R"({"no":"message"})", key("alice"))->reply().status ==
        404);
}

TEST_CASE("legacy_sse: a message without an id never crosses keys, nor addresses without keys") {
  SseWorld w;
  const auto alice = w.open(key("alice"));
  CHECK(w.post("/message", kList, key("bob"))->reply().status == 503);
  CHECK(w.post("/message", kList, key("alice", "198.51.100.9"))->reply().status == 202);
  const auto anonymous = w.open(without_key("192.0.2.1"));
  CHECK(w.post("/message", kList, without_key("192.0.2.2"))->reply().status == 503);
  CHECK(w.post("/message", kList, without_key("192.0.2.1"))->reply().status == 202);
}

TEST_CASE(
    "legacy_sse: an invalid message is refused in the response to the POST, not on the stream") {
  SseWorld w;
  const auto stream = w.open();
  const auto broken = w.post(endpoint(stream), R"({"jsonrpc":"2.0","id":1)");
  CHECK(broken->reply().status == 400);
  CHECK(broken->reply().body.find("-32700") != std::string::npos);
  const auto wrong = w.post(endpoint(stream), R"({"jsonrpc":"2.0","id":7})");
  CHECK(wrong->reply().status == 400);
  CHECK(wrong->reply().body.find(R"("id":7,"error":{"code":-32600)") != std::string::npos);
  CHECK(stream->events.size() == 1);
}

TEST_CASE("legacy_sse: a second request with an id in flight is refused, and the first goes on") {
  SseWorld w;
  const auto stream = w.open();
  CHECK(w.post(endpoint(stream), kList)->reply().status == 202);
  const auto second = w.post(endpoint(stream), kList);
  CHECK(second->reply().status == 400);
  CHECK(second->reply().body.find("already in flight") != std::string::npos);
  w.answer("{}");
  CHECK(stream->events.size() == 2);
  CHECK(w.post(endpoint(stream), kList)->reply().status == 202);
}

TEST_CASE("legacy_sse: when the stream breaks, the session ends and its calls are cancelled") {
  SseWorld w;
  const auto stream = w.open();
  const std::string address = endpoint(stream);
  w.post(address, kList);
  w.take();
  stream->leave();
  CHECK(w.take().method() == "notifications/cancelled");
  CHECK(w.sessions.size() == 0);
  CHECK(w.post(address, kList)->reply().status == 404);
}

TEST_CASE("legacy_sse: a cancelled call gets no answer") {
  SseWorld w;
  const auto stream = w.open();
  w.post(endpoint(stream), kList);
  const jsonrpc::Message call = w.take();
  w.post(endpoint(stream),
         R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}})");
  w.answer(call, "{}");
  CHECK(stream->events.size() == 1);
}

TEST_CASE("legacy_sse: a batch of a session of 2025-03-26 is answered as one event") {
  SseWorld w;
  const auto stream = w.open();
  const std::string batch = "[" + kList + R"(,{"jsonrpc":"2.0","id":2,"method":"ping"}])";
  const auto early = w.post(endpoint(stream), batch);
  CHECK(early->reply().status == 400);
  CHECK(early->reply().body.find("batches are not supported") != std::string::npos);
  w.post(
      endpoint(stream),
      R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26"}})");
  CHECK(w.post(endpoint(stream), batch)->reply().status == 202);
  CHECK(stream->events.size() == 2);
  w.answer(R"({"tools":[]})");
  REQUIRE(stream->events.size() == 3);
  CHECK(
      stream->events[2].data ==
      R"([{"jsonrpc":"2.0","id":"a","result":{"tools":[]}},{"jsonrpc":"2.0","id":2,"result":{}}])");
}

TEST_CASE("legacy_sse: beyond the limit of streams of one address, 503 with a time to retry") {
  SseWorld w({}, "/message", 2);
  const auto first = w.open(without_key("192.0.2.1")), second = w.open(without_key("192.0.2.1"));
  const auto refused = w.open(without_key("192.0.2.1"));
  CHECK(refused->reply().status == 503);
  CHECK(refused->reply().body.find("Connection limit exceeded") != std::string::npos);
  CHECK_FALSE(refused->field("Retry-After").empty());
  CHECK(w.metrics.refused("streams_per_address").Value() == 1);
  CHECK(w.open(without_key("192.0.2.2"))->stream_open);
  first->leave();
  CHECK(w.open(without_key("192.0.2.1"))->stream_open);
}

TEST_CASE("legacy_sse: beyond the limit of sessions, 503 with a time to retry") {
  SseWorld w({1, 30min});
  const auto stream = w.open();
  const auto refused = w.open();
  CHECK_FALSE(refused->stream_open);
  CHECK(refused->reply().status == 503);
  CHECK(refused->reply().body.find("Connection limit exceeded") != std::string::npos);
  CHECK_FALSE(refused->field("Retry-After").empty());
  stream->leave();
  CHECK(w.open()->stream_open);
}

TEST_CASE("legacy_sse: a session lasts as long as its stream, however silent its client is") {
  SseWorld w({10, 8s});
  const auto silent = w.open(), talking = w.open();
  for (int i = 0; i < 8; ++i) {
    w.timers.advance(2s);
    w.post(endpoint(talking), R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  }
  CHECK(silent->stream_open);
  CHECK(talking->stream_open);
  silent->leave();
  talking->leave();
  CHECK(w.sessions.size() == 0);
  CHECK(w.streams.by_address().empty());
}
