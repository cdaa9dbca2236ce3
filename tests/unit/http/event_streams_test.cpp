// text/event-stream answers on real connections.
#include "http/connection.hpp"
#include "world.hpp"

namespace sidecar::test {
namespace {

// Opens /events and waits until the handler holds the stream.
Client open_events(Site& site, std::string_view request = "", int receive_buffer = 0) {
  Client client = site.client(receive_buffer);
  const std::size_t before = site.streams.size();
  client.send(request.empty() ? get("/events") : std::string(request));
  REQUIRE(site.until([&] { return site.streams.size() == before + 1; }));
  return client;
}

TEST_CASE("event stream: head, first bytes and events come in order, in one write a turn") {
  Site site;
  site.sse_options.first_bytes = ": connected\n\n";
  site.start();
  Client client = open_events(site);
  REQUIRE(site.until_text(client, ": connected\n\n"));
  for (const char* line : {"HTTP/1.1 200 OK\r\n", "Content-Type: text/event-stream\r\n",
                           "Cache-Control: no-cache\r\n", "Connection: keep-alive\r\n",
                           "X-Accel-Buffering: no\r\n", "Transfer-Encoding: chunked\r\n"}) {
    CHECK(client.text().find(line) != std::string::npos);
  }
  http::SseStream& stream = *site.streams[0];
  stream.send("endpoint", "/message?sessionId=1");
  stream.send("message", R"({"id":1})");
  stream.send("", R"({"id":2})", "7");
  CHECK(stream.queued_bytes() > 0);
  REQUIRE(site.until_text(client, R"({"id":2})"));
  CHECK(stream.queued_bytes() == 0);
  CHECK(stream.sent_bytes() > 0);
  site.streams.clear();
  const Received whole = site.answer(client);
  CHECK(whole.body ==
        ": connected\n\nevent: endpoint\ndata: /message?sessionId=1\n\n"
        "event: message\ndata: {\"id\":1}\n\nid: 7\ndata: {\"id\":2}\n\n");
  // the stream has ended, the connection has not
  CHECK(site.ask(client, get("/hello")).body == "hello");
  CHECK(site.sample("mcp_sidecar_sse_streams") == 0);
  CHECK(site.sample("mcp_sidecar_http_requests_total{endpoint=\"/events\",status=\"200\"}") == 1);
}

TEST_CASE("event stream: without first bytes of its own, a comment follows the head at once") {
  Site site;
  site.start();
  Client client = open_events(site);
  REQUIRE(site.until_text(client, "\r\n\r\n4\r\n: \n\n\r\n"));
  Client old = open_events(site, "GET /events HTTP/1.0\r\n\r\n");
  REQUIRE(site.until_text(old, "\r\n\r\n: \n\n"));
}

TEST_CASE("event stream: HTTP/1.0 gets no chunks, and the connection closes at the end") {
  Site site;
  site.sse_options.first_bytes = ": connected\n\n";
  site.start();
  Client client = open_events(site, "GET /events HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  site.streams[0]->send("message", "1");
  site.streams[0]->send("message", std::string(5000, 'x'));
  REQUIRE(site.until_text(client, "xx\n\n"));
  site.streams.clear();
  const Received whole = site.answer(client);
  CHECK(whole.field("Transfer-Encoding").empty());
  CHECK(whole.field("Connection") == "close");
  CHECK(whole.body == ": connected\n\nevent: message\ndata: 1\n\nevent: message\ndata: " +
                          std::string(5000, 'x') + "\n\n");
  CHECK(site.until_ended(client));
}

TEST_CASE("event stream: keep-alive comments come only after silence") {
  Site site;
  site.sse_options.keep_alive = 30s;
  site.start();
  Client client = open_events(site);
  REQUIRE(site.until_text(client, "\r\n\r\n"));
  site.timers.advance(29s);
  site.streams[0]->send("message", "1");
  REQUIRE(site.until_text(client, "data: 1\n\n"));
  client.forget(client.text().size());
  site.timers.advance(29s);
  site.turn();
  client.receive();
  CHECK(client.text().empty());
  site.timers.advance(1s);
  REQUIRE(site.until_text(client, "\n\n\r\n"));
  CHECK(client.text() == "e\r\n: keep-alive\n\n\r\n");
  site.timers.advance(30s);
  REQUIRE(site.until_text(client, "\r\ne\r\n: keep-alive\n\n\r\n"));
}

TEST_CASE("event stream: ended in the turn in which a keep-alive is due, it is complete") {
  const std::string_view connection = GENERATE("", "Connection: close\r\n");
  Site site;
  site.sse_options.keep_alive = 30s;
  site.start();
  Client client = open_events(site, get("/events", connection));
  REQUIRE(site.until_text(client, "\r\n\r\n"));
  site.streams[0]->send("message", "1");
  site.streams.clear();
  site.timers.advance(30s);
  CHECK(site.answer(client).body == ": \n\nevent: message\ndata: 1\n\n");
  if (connection.empty()) CHECK(site.ask(client, get("/hello")).body == "hello");
}

TEST_CASE("event stream: keep-alive of 0 sends none") {
  Site site;
  site.sse_options.keep_alive = 0ms;
  site.start();
  Client client = open_events(site);
  REQUIRE(site.until_text(client, "\r\n\r\n"));
  client.forget(client.text().size());
  site.timers.advance(24h);
  site.turn();
  client.receive();
  CHECK(client.text().empty());
  CHECK_FALSE(client.ended());
}

TEST_CASE("event stream: a message of 10 MB and those behind it pass, whatever the queue's limit") {
  Site site;
  site.sse_options.queue_limit = 1000;
  site.start();
  Client client = open_events(site);
  bool closed = false;
  site.streams[0]->on_closed([&](http::SseClosed) { closed = true; });
  std::string data(10 << 20, 'x');
  data.replace(0, 5, "begin");
  site.streams[0]->send("progress", "before");
  site.streams[0]->send("message", data);
  site.streams[0]->send("message", "after");
  REQUIRE(site.until([&] {
    client.receive();
    return site.streams[0]->queued_bytes() == 0;
  }));
  site.streams.clear();
  const Received whole = site.answer(client);
  CHECK((whole.body == ": \n\nevent: progress\ndata: before\n\nevent: message\ndata: " + data +
                           "\n\nevent: message\ndata: after\n\n"));
  CHECK_FALSE(closed);
}

TEST_CASE(
    "event stream: a reader that takes nothing ends as slow once the queue behind a message is "
    "full") {
  Site site;
  site.sse_options.queue_limit = 10'000;
  site.start();
  Client client = open_events(site, "", 4096);
  std::vector<http::SseClosed> reasons;
  bool inside = false;
  site.streams[0]->on_closed([&](http::SseClosed reason) {
    CHECK_FALSE(inside);
    reasons.push_back(reason);
  });
  site.streams[0]->send("message", std::string(64 << 20, 'x'));  // the message being sent
  site.turn();
  const std::size_t sending = site.streams[0]->queued_bytes();
  CHECK(sending > 1 << 20);
  site.streams[0]->send("message", std::string(9'900, 'y'));
  site.turn();
  CHECK(reasons.empty());
  inside = true;
  site.streams[0]->send("message", std::string(200, 'z'));
  inside = false;
  REQUIRE(site.until([&] { return !reasons.empty(); }));
  CHECK(reasons == std::vector{http::SseClosed::kSlowReader});
  CHECK(site.sample("mcp_sidecar_slow_readers_total") == 1);
  CHECK(site.sample("mcp_sidecar_sse_streams") == 0);
  CHECK(site.sample("mcp_sidecar_buffered_bytes") == 0);
  site.streams[0]->send("message", "ignored");
  CHECK(site.until_ended(client));
}

TEST_CASE("event stream: a reader ends as slow only if it takes no byte for the stall limit") {
  Site site;
  site.sse_options.stall_limit = 10s;
  site.start();
  Client client = open_events(site, "", 4096);
  std::vector<http::SseClosed> reasons;
  site.streams[0]->on_closed([&](http::SseClosed reason) {
    reasons.push_back(reason);
    site.streams.clear();  // allowed
  });
  site.streams[0]->send("message", std::string(128 << 20, 'x'));
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t sent = site.streams[0]->sent_bytes();
    REQUIRE(site.until([&] {
      client.receive();
      return site.streams[0]->sent_bytes() > sent;
    }));
    site.timers.advance(9s);
    CHECK(reasons.empty());
  }
  site.turn();
  site.timers.advance(10s);
  CHECK(reasons == std::vector{http::SseClosed::kSlowReader});
  CHECK(site.streams.empty());
}

TEST_CASE(
    "event stream: bytes that the socket takes beyond one turn's share do not make a reader slow") {
  Site site;
  site.sse_options.queue_limit = 1000;
  site.start();
  Client client = open_events(site);
  bool closed = false;
  site.streams[0]->on_closed([&](http::SseClosed) { closed = true; });
  site.streams[0]->send("message", std::string(http::Connection::kWriteTurn + (64 << 10), 'x'));
  site.streams[0]->send("message", std::string(900, 'y'));
  // more than the limit, unless the first one is already written
  site.streams[0]->send("message", std::string(900, 'z'));
  CHECK(site.until_text(client, std::string(900, 'z')));
  CHECK_FALSE(closed);
}

TEST_CASE("event stream: beyond the buffer budget, a reader that is behind ends as slow") {
  Site site;
  site.buffered_bytes = 1 << 20;
  site.start();
  Client client = open_events(site, "", 4096);
  std::vector<http::SseClosed> reasons;
  site.streams[0]->on_closed([&](http::SseClosed reason) { reasons.push_back(reason); });
  site.streams[0]->send("message", std::string(32 << 20, 'x'));
  site.turn();
  CHECK(reasons.empty());
  CHECK(site.ask(get("/hello")).status == 503);
  site.streams[0]->send("message", "more");
  CHECK(site.until([&] { return reasons == std::vector{http::SseClosed::kSlowReader}; }));
  CHECK(site.ask(get("/hello")).status == 200);
}

TEST_CASE("event stream: the client's end is noticed at once") {
  Site site;
  site.start();
  for (const bool hard : {false, true}) {
    Client client = open_events(site);
    std::vector<http::SseClosed> reasons;
    site.streams.back()->on_closed([&](http::SseClosed reason) { reasons.push_back(reason); });
    hard ? client.reset() : client.close();
    REQUIRE(site.until([&] { return !reasons.empty(); }));
    CHECK(reasons == std::vector{http::SseClosed::kClientGone});
    CHECK(site.sample("mcp_sidecar_sse_streams") == 0);
    site.streams.back()->send("message", "ignored");
    site.turn();
  }
}

TEST_CASE("event stream: HEAD gets the head, and the stream ends on the next turn") {
  Site site;
  site.sse_options.first_bytes = ": connected\n\n";
  site.start();
  Client client = open_events(site, "HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n");
  std::vector<http::SseClosed> reasons;
  site.streams[0]->send("message", "ignored");
  site.streams[0]->on_closed([&](http::SseClosed reason) { reasons.push_back(reason); });
  CHECK(reasons.empty());
  const Received head = site.answer(client, true);
  CHECK(head.field("Content-Type") == "text/event-stream");
  CHECK(site.until([&] { return reasons == std::vector{http::SseClosed::kClientGone}; }));
  CHECK(site.sample("mcp_sidecar_sse_streams") == 0);
  CHECK(site.ask(client, get("/hello")).body == "hello");
  CHECK(client.text().empty());
}

TEST_CASE("event stream: a late one, or one for a client that has gone, behaves the same") {
  Site site;
  site.start();
  Client client = site.client();
  client.send(post("/later", "") + get("/hello"));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  auto stream = site.kept[0].open_sse({{"Mcp-Session-Id", "1"}}, {});
  stream->send("message", "1");
  stream.reset();
  const Received answer = site.answer(client);
  CHECK(answer.field("Mcp-Session-Id") == "1");
  CHECK(answer.body == ": \n\nevent: message\ndata: 1\n\n");
  CHECK(site.answer(client).body == "hello");

  Client gone = site.client();
  gone.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 2; }));
  gone.reset();
  REQUIRE(site.until([&] { return site.sample("mcp_sidecar_http_connections") == 1; }));
  auto dead = site.kept[1].open_sse({}, {});
  int told = 0;
  dead->on_closed(
      [&](http::SseClosed reason) { told += reason == http::SseClosed::kClientGone ? 1 : 100; });
  CHECK(told == 0);
  site.turn();
  CHECK(told == 1);
}

TEST_CASE("event stream: destroyed before its callback for a lost client, it runs no callback") {
  Site site;
  site.start();
  Client client = open_events(site, "HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n");
  bool told = false;
  site.streams[0]->on_closed([&](http::SseClosed) { told = true; });
  site.streams.clear();
  for (int i = 0; i < 3; ++i) site.turn();
  CHECK_FALSE(told);
}

TEST_CASE("event stream: further input of the client is queued, within a limit") {
  Site site;
  site.start();
  Client client = open_events(site);
  for (int i = 0; i < 100; ++i) {
    client.send(std::string(1 << 20, '\n'));
    site.turn();
  }
  CHECK(site.sample("mcp_sidecar_buffered_bytes") <= 2 * 64 * 1024);
  site.streams[0]->send("message", "still here");
  CHECK(site.until_text(client, "still here"));
}

TEST_CASE("event stream: opened and ended inside the handler it is one short answer") {
  Site site;
  site.route("POST", "/short", [](http::Exchange exchange) {
    auto stream = exchange.open_sse({}, {});
    stream->send("", "only");
  });
  site.start();
  Client client = site.client();
  CHECK(site.ask(client, post("/short", "x")).body == ": \n\ndata: only\n\n");
  CHECK(site.ask(client, post("/short", "x", "Connection: close\r\n")).body ==
        ": \n\ndata: only\n\n");
  CHECK(site.until_ended(client));
}

}  // namespace
}  // namespace sidecar::test
