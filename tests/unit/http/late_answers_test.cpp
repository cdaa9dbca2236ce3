// Answers that come after the handler returned, and clients that do not wait for them.
#include <optional>
#include <stdexcept>
#include <thread>

#include "http/connection.hpp"
#include "world.hpp"

namespace sidecar::test {
namespace {

TEST_CASE("exchange: a kept exchange is answered later, and pipelined requests wait for it") {
  Site site;
  site.start();
  Client client = site.client();
  client.send(post("/later", "first") + get("/hello") + post("/later", "second"));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  CHECK(site.kept[0].request().body == "first");
  CHECK_FALSE(site.kept[0].answered());
  CHECK(site.server->busy_connections() == 1);
  client.receive();
  CHECK(client.text().empty());
  site.kept[0].reply(text_response("one"));
  CHECK(site.kept[0].answered());
  CHECK(site.answer(client).body == "one");
  CHECK(site.answer(client).body == "hello");
  REQUIRE(site.until([&] { return site.kept.size() == 2; }));
  site.kept[1].reply(text_response("two"));
  CHECK(site.answer(client).body == "two");
  CHECK(site.server->busy_connections() == 0);
}

TEST_CASE("exchange: a pending answer has no deadline") {
  Site site;
  site.start();
  Client client = site.client();
  client.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  site.timers.advance(1h);
  site.turn();
  site.kept[0].reply(text_response("late"));
  CHECK(site.answer(client).body == "late");
}

TEST_CASE("exchange: a client that goes away while its answer is awaited is noticed at once") {
  Site site;
  site.start();
  for (const bool hard : {false, true}) {
    site.kept.clear();
    int abandoned = 0;
    Client client = site.client();
    client.send(post("/later", ""));
    REQUIRE(site.until([&] { return site.kept.size() == 1; }));
    site.kept[0].on_abandoned([&] { ++abandoned; });
    hard ? client.reset() : client.close();
    REQUIRE(site.until([&] { return abandoned == 1; }));
    CHECK(site.sample("mcp_sidecar_http_connections") == 0);
    site.kept[0].reply(text_response("discarded"));  // ignored
    site.turn();
    CHECK(abandoned == 1);
  }
  CHECK(site.ask(get("/hello")).status == 200);
}

TEST_CASE("exchange: on_abandoned set after the client has gone runs on the next turn") {
  Site site;
  site.start();
  Client client = site.client();
  client.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  client.reset();
  REQUIRE(site.until([&] { return site.sample("mcp_sidecar_http_connections") == 0; }));
  int abandoned = 0;
  site.kept[0].on_abandoned([&] { ++abandoned; });
  CHECK(abandoned == 0);
  site.turn();
  CHECK(abandoned == 1);
}

TEST_CASE("exchange: an abandoned exchange may be destroyed by its own callback") {
  Site site;
  site.start();
  Client client = site.client();
  client.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  site.kept[0].on_abandoned([&] { site.kept.clear(); });
  client.reset();
  CHECK(site.until([&] { return site.kept.empty(); }));
  CHECK(site.ask(get("/hello")).status == 200);
}

TEST_CASE("exchange: a client that vanishes in the middle of its body leaves nothing behind") {
  Site site;
  site.start();
  Client client = site.client();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" +
              std::string(50'000, 'x'));
  REQUIRE(site.until([&] { return site.sample("mcp_sidecar_buffered_bytes") == 50'000; }));
  client.reset();
  CHECK(site.until([&] { return site.sample("mcp_sidecar_http_connections") == 0; }));
  CHECK(site.sample("mcp_sidecar_buffered_bytes") == 0);
}

TEST_CASE("exchange: the input of a waiting client is bounded") {
  Site site;
  site.start();
  Client client = site.client();
  client.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  const std::string flood(1 << 20, 'x');
  for (int i = 0; i < 100; ++i) {
    client.send(flood);
    site.turn();
  }
  CHECK(site.sample("mcp_sidecar_buffered_bytes") <= 2 * 64 * 1024);
  site.kept[0].reply(text_response("done"));
  CHECK(site.answer(client).body == "done");
  CHECK(site.answer(client).status == 414);
}

TEST_CASE("exchange: dropped unanswered it answers 500, at once or late, with an id") {
  Site site;
  site.route("GET", "/drop", [](const http::Exchange&) {});
  site.start();
  Client client = site.client();
  const Received at_once = site.ask(client, get("/drop"));
  CHECK(at_once.status == 500);
  CHECK(at_once.body.find(
            R"({"error":"Internal Server Error","message":"internal error, see id )") == 0);
  client.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  site.kept.clear();
  const Received late = site.answer(client);
  CHECK(late.status == 500);
  CHECK(late.body != at_once.body);
  CHECK(site.ask(client, get("/hello")).status == 200);
}

TEST_CASE("exchange: an exception of a handler becomes a 500 without details") {
  Site site;
  site.route("GET", "/throw", [](const http::Exchange&) { throw std::runtime_error("secret"); });
  site.route("GET", "/odd", [](const http::Exchange&) { throw 42; });
  site.route("GET", "/answered", [](http::Exchange exchange) {
    exchange.reply(text_response("answered"));
    throw std::runtime_error("secret");
  });
  site.route("GET", "/kept", [&](http::Exchange exchange) {
    site.kept.push_back(std::move(exchange));
    throw std::runtime_error("secret");
  });
  site.start();
  Client client = site.client();
  for (const char* path : {"/throw", "/odd"}) {
    const Received answer = site.ask(client, get(path));
    CHECK(answer.status == 500);
    CHECK(answer.body.find("secret") == std::string::npos);
    for (const Field& field : answer.fields) CHECK(field.value.find("secret") == std::string::npos);
    CHECK(answer.field("EXCEPTION_WHAT").empty());
  }
  CHECK(site.ask(client, get("/answered")).body == "answered");
  client.send(get("/kept"));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  site.kept[0].reply(text_response("later"));
  CHECK(site.answer(client).body == "later");
  CHECK(site.sample("mcp_sidecar_http_requests_total{endpoint=\"/throw\",status=\"500\"}") == 1);
}

TEST_CASE("exchange: assigned over, the first request is answered 500") {
  Site site;
  site.start();
  Client first = site.client();
  Client second = site.client();
  first.send(post("/later", "1"));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  second.send(post("/later", "2"));
  REQUIRE(site.until([&] { return site.kept.size() == 2; }));
  site.kept[0] = std::move(site.kept[1]);
  CHECK(site.answer(first).status == 500);
  site.kept[0].reply(text_response("second"));
  CHECK(site.answer(second).body == "second");
}

TEST_CASE("connection: a client that does not read its answers is disconnected") {
  Site site;
  const std::string big(1 << 20, 'b');
  site.route("GET", "/big", [&](http::Exchange exchange) { exchange.reply(text_response(big)); });
  site.start();
  Client client = site.client(4096);
  for (int i = 0; i < 100; ++i) client.send(get("/big"));
  for (int i = 0; i < 50; ++i) site.turn();
  // further requests are not started
  CHECK(site.sample("mcp_sidecar_buffered_bytes") < 3 << 20);
  site.timers.advance(site.limits.write_stall);
  CHECK(site.until([&] { return site.sample("mcp_sidecar_http_connections") == 0; }));
  CHECK(site.sample("mcp_sidecar_buffered_bytes") == 0);
}

TEST_CASE("connection: a slow reader gets everything") {
  Site site;
  const std::string big(4 << 20, 'b');
  site.route("GET", "/big", [&](http::Exchange exchange) { exchange.reply(text_response(big)); });
  site.start();
  Client client = site.client(4096);
  client.send(get("/big") + get("/hello"));
  double held = 0;
  const auto read_with_pauses = [&] {
    const double now_held = site.sample("mcp_sidecar_buffered_bytes");
    // some bytes were taken
    if (now_held != held) site.timers.advance(site.limits.write_stall - 1s);
    held = now_held;
    client.receive();
    return client.text().find("hello") != std::string::npos;
  };
  CHECK(site.until(read_with_pauses));
}

TEST_CASE(
    "connection: a small answer does not wait for the whole of another connection's large one") {
  constexpr std::size_t kTurns = 64;
  Site site;
  double written = -1;
  site.route("GET", "/small", [&](http::Exchange exchange) {
    written = site.sample("mcp_sidecar_http_sent_bytes_total");
    exchange.reply(text_response("small"));
  });
  std::optional<Client> other;
  site.route("GET", "/large", [&](http::Exchange exchange) {
    other->send(get("/small"));
    exchange.reply(text_response(std::string(kTurns * http::Connection::kWriteTurn, 'b')));
  });
  site.start();
  other.emplace(site.client());
  Client client = site.client();
  client.send(get("/large"));
  // at once, so that the socket always takes more
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && client.text().size() < kTurns * http::Connection::kWriteTurn)
      client.receive();
  });
  CHECK(site.answer(*other).body == "small");
  CHECK(written > 0);
  CHECK(written <= 3 * http::Connection::kWriteTurn);
  CHECK(site.until([&] { return site.sample("mcp_sidecar_buffered_bytes") == 0; }));
}

}  // namespace
}  // namespace sidecar::test
