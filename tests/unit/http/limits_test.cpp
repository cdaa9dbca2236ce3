// The head check, limits, deadlines, and the end of a server.
#include <stdexcept>
#include <sys/resource.h>

#include "world.hpp"

namespace sidecar::test {
namespace {

http::Response forbidden() { return http::error_response(403, "not you"); }

TEST_CASE("head check: its answer goes out before the body is read") {
  Site site;
  int handled = 0;
  site.route("POST", "/guarded", [&](http::Exchange exchange) {
    ++handled;
    exchange.reply({});
  });
  site.head_check = [](const http::Head& head) {
    http::Verdict verdict;
    verdict.reply_fields.own = {{"Access-Control-Allow-Origin", "*"}};
    if (head.path == "/guarded") verdict.answer = forbidden();
    return verdict;
  };
  site.start();
  SECTION("a body that has not come: closed after the answer") {
    Client client = site.client();
    const Received answer =
        site.ask(client, "POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nab");
    CHECK(answer.status == 403);
    CHECK(answer.field("Access-Control-Allow-Origin") == "*");
    CHECK(answer.field("Connection") == "close");
    CHECK(site.until_ended(client));
  }
  SECTION("a body that is here already: the connection lives on") {
    Client client = site.client();
    client.send(post("/guarded", "abc") + post("/guarded", "") + get("/hello"));
    CHECK(site.answer(client).status == 403);
    CHECK(site.answer(client).status == 403);
    const Received next = site.answer(client);
    CHECK(next.body == "hello");
    CHECK(next.field("Access-Control-Allow-Origin") == "*");
  }
  SECTION("a client that keeps sending still sees the answer") {
    Client client = site.client();
    client.send("POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n");
    site.send_all(client, std::string(8'000'000, 'x'));
    CHECK(site.answer(client).status == 403);
    client.close();
    CHECK(site.until([&] { return site.sample("mcp_sidecar_http_connections") == 0; }));
  }
  SECTION("a client that never closes is left after a while") {
    Client client = site.client();
    site.ask(client, "POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    site.turn();
    CHECK(site.sample("mcp_sidecar_http_connections") == 1);
    site.timers.advance(5s);
    CHECK(site.sample("mcp_sidecar_http_connections") == 0);
  }
  SECTION("its fields are on late answers, errors and refusals by size") {
    Client client = site.client();
    CHECK(site.ask(client, get("/nowhere")).field("Access-Control-Allow-Origin") == "*");
    client.send(post("/later", ""));
    REQUIRE(site.until([&] { return site.kept.size() == 1; }));
    site.kept[0].reply(text_response("late"));
    CHECK(site.answer(client).field("Access-Control-Allow-Origin") == "*");
    const Received large =
        site.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n");
    CHECK(large.status == 413);
    CHECK(large.field("Access-Control-Allow-Origin") == "*");
  }
  CHECK(handled == 0);
}

TEST_CASE("head check: its caller reaches the handler, and its exception is a 500") {
  Site site;
  std::string owner;
  site.route("GET", "/who", [&](http::Exchange exchange) {
    owner = exchange.request().caller->owner;
    exchange.reply({});
  });
  site.head_check = [](const http::Head& head) {
    if (head.path == "/hello") throw std::runtime_error("secret");
    http::Verdict verdict;
    auto caller = std::make_shared<observe::Caller>();
    caller->owner = "alice";
    verdict.caller = caller;
    return verdict;
  };
  site.start();
  CHECK(site.ask(get("/who")).status == 200);
  CHECK(owner == "alice");
  const Received failed = site.ask(get("/hello"));
  CHECK(failed.status == 500);
  CHECK(failed.body.find("secret") == std::string::npos);
}

TEST_CASE(
    "head check: 100 Continue is sent only to an admitted request whose body is still missing") {
  Site site;
  site.head_check = [](const http::Head& head) {
    http::Verdict verdict;
    if (head.path == "/refused") verdict.answer = forbidden();
    return verdict;
  };
  site.start();
  const std::string expect = "Expect: 100-Continue\r\n";
  {
    Client client = site.client();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + expect + "\r\n");
    CHECK(site.answer(client).status == 100);
    CHECK(site.ask(client, "abc").body == "abc");
  }
  {
    Client client = site.client();
    CHECK(site.ask(client, post("/echo", "abc", expect)).status == 200);
    CHECK(site.ask(client, "POST /echo HTTP/1.0\r\nContent-Length: 3\r\n" + expect + "\r\nabc")
              .status == 200);
  }
  for (const char* start : {"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n",
                            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"}) {
    Client client = site.client();
    const Received answer = site.ask(client, start + expect + "\r\n");
    CHECK((answer.status == 403 || answer.status == 413));
    CHECK(site.until_ended(client));
  }
}

TEST_CASE("connection: it is closed when idle for too long, but not while busy") {
  Site site;
  site.start();
  Client idle = site.client();
  Client busy = site.client();
  CHECK(site.ask(idle, get("/hello")).status == 200);
  busy.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  site.timers.advance(site.limits.idle_time - 1ms);
  CHECK(site.ask(idle, get("/hello")).status == 200);  // starts the time anew
  site.timers.advance(site.limits.idle_time - 1ms);
  site.turn();
  idle.receive();
  CHECK_FALSE(idle.ended());
  site.timers.advance(1ms);
  CHECK(site.until_ended(idle));
  CHECK(idle.text().empty());
  site.kept[0].reply({});
  CHECK(site.answer(busy).status == 200);
}

TEST_CASE("connection: one deadline covers a whole request, however steadily bytes arrive") {
  Site site;
  site.start();
  Client client = site.client();
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
  for (int i = 0; i < 40 && !client.ended(); ++i) {
    site.turn();
    site.timers.advance(1s);
    client.send("x");
    client.receive();
  }
  CHECK(site.answer(client).status == 408);
}

TEST_CASE("server: beyond the buffer budget requests get 503, and service recovers") {
  Site site;
  site.buffered_bytes = 100'000;
  site.start();
  Client holder = site.client();
  holder.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" +
              std::string(60'000, 'x'));
  REQUIRE(site.until([&] { return site.sample("mcp_sidecar_buffered_bytes") == 60'000; }));
  const Received refused =
      site.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n");
  CHECK(refused.status == 503);
  CHECK(refused.field("Retry-After") == "5");
  CHECK(site.ask(post("/echo", "small")).status == 200);

  Client second = site.client();  // chunked: nothing is declared
  second.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n");
  Received cut;
  REQUIRE(site.until([&] {
    second.send(std::string(10'000, 'y'));
    site.turn();
    second.receive();
    return second.text().find("\r\n\r\n{") != std::string::npos || second.ended();
  }));
  CHECK(site.answer(second).status == 503);

  site.send_all(holder, std::string(30'000, 'x'));
  CHECK(site.answer(holder).body.size() == 90'000);
  CHECK(site.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").status == 200);
  CHECK(site.sample("mcp_sidecar_refused_total{reason=\"buffers_full\"}") >= 2);
}

TEST_CASE(
    "server: at the connection limit an idle connection is closed for the next one, else the "
    "next one is refused") {
  Site site;
  SECTION("of all") { site.limits.connections = 2; }
  SECTION("of one address") { site.limits.connections_per_address = 2; }
  site.start();
  Client first = site.client();
  Client second = site.client();
  CHECK(site.ask(first, get("/hello")).status == 200);
  second.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  Client third = site.client();
  CHECK(site.ask(third, get("/hello")).status == 200);
  CHECK(site.until_ended(first));

  third.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 2; }));
  Client fourth = site.client();
  CHECK(site.ask(fourth, get("/hello")).status == 503);
  site.kept[0].reply(text_response("late"));
  CHECK(site.answer(second).status == 200);
  CHECK(site.ask(fourth, get("/hello")).status == 200);
  CHECK(site.until_ended(second));
}

TEST_CASE(
    "server: at the connection limit connections without a request are closed, the oldest first") {
  Site site;
  SECTION("of all") { site.limits.connections = 2; }
  SECTION("of one address") { site.limits.connections_per_address = 2; }
  site.start();
  Client first = site.client();
  Client second = site.client();
  second.send("GET /hel");
  site.turn();
  Client third = site.client();
  CHECK(site.until_ended(first));
  CHECK(site.ask(second, "lo HTTP/1.1\r\nHost: x\r\n\r\n").body == "hello");
  CHECK(site.ask(third, get("/hello")).body == "hello");
  CHECK(site.sample("mcp_sidecar_http_connections") == 2);
}

TEST_CASE("server: without descriptors it pauses accepting without spinning, and resumes later") {
  Site site;
  site.start();
  Client patient(::socket(AF_INET, SOCK_STREAM, 0));
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;  // open descriptors stay open; none can be opened
  ::setrlimit(RLIMIT_NOFILE, &none);
  patient.connect(site.port);
  patient.send(get("/hello"));
  std::size_t handlers = 0;
  for (int i = 0; i < 100; ++i) {
    site.loop.restart();
    handlers += site.loop.poll();
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(handlers <= 2);
  CHECK(site.sample("mcp_sidecar_refused_total{reason=\"no_descriptors\"}") == 1);
  CHECK(site.timers.waiting() == 1);
  CHECK(site.sample("mcp_sidecar_http_connections") == 0);
  site.timers.advance(100ms);
  CHECK(site.answer(patient).body == "hello");
}

TEST_CASE("server: a port that is in use gives an error of one line") {
  Site site;
  site.start();
  Site second;
  second.make_server();
  http::Server& server = *second.server;
  const auto bound = server.listen("127.0.0.1", site.port);
  REQUIRE_FALSE(bound.has_value());
  CHECK(bound.error().message ==
        "cannot listen on 127.0.0.1:" + std::to_string(site.port) + ": address already in use");
  CHECK_FALSE(server.listen("no.such.host.invalid", 0).has_value());
}

TEST_CASE(
    "server: it listens on names, on IPv6 and on all addresses; mapped IPv4 peers show as IPv4") {
  for (const char* host : {"localhost", "0.0.0.0", "::"}) {
    Site site;
    std::string peer;
    site.route("GET", "/peer", [&](http::Exchange exchange) {
      peer = exchange.request().peer_address;
      exchange.reply({});
    });
    site.make_server();
    const auto bound = site.server->listen(host, 0);
    if (!bound && std::string_view(host) == "::") continue;  // a machine without IPv6
    REQUIRE(bound.has_value());
    site.port = *bound;
    if (std::string_view(host) == "localhost") continue;  // may be ::1 alone
    CHECK(site.ask(get("/peer")).status == 200);
    CHECK(peer == "127.0.0.1");
  }
}

TEST_CASE("server: when it stops accepting, idle connections close and pending answers say close") {
  Site site;
  site.start();
  Client idle = site.client();
  CHECK(site.ask(idle, get("/hello")).status == 200);
  Client waiting = site.client();
  waiting.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  Client half = site.client();
  half.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
  REQUIRE(site.until([&] { return site.server->busy_connections() == 2; }));

  site.server->stop_accepting();
  CHECK(site.until_ended(idle));
  CHECK_THROWS(site.client());
  const Received finished = site.ask(half, "bc");
  CHECK(finished.body == "abc");
  CHECK(finished.field("Connection") == "close");
  site.kept[0].reply(text_response("last"));
  const Received last = site.answer(waiting);
  CHECK(last.body == "last");
  CHECK(last.field("Connection") == "close");
  CHECK(site.until_ended(waiting));
  CHECK(site.server->busy_connections() == 0);
}

TEST_CASE("server: close ends streams and idle connections, waits for answers, and reports once") {
  Site site;
  site.start();
  Client idle = site.client();
  CHECK(site.ask(idle, get("/hello")).status == 200);
  Client waiting = site.client();
  waiting.send(post("/later", ""));
  Client watching = site.client();
  watching.send(get("/events"));
  REQUIRE(site.until([&] { return site.kept.size() == 1 && site.streams.size() == 1; }));
  std::vector<http::SseClosed> reasons;
  site.streams[0]->on_closed([&](http::SseClosed reason) { reasons.push_back(reason); });
  site.streams[0]->send("message", "last");

  int done = 0;
  site.server->close([&] { ++done; });
  CHECK(reasons == std::vector{http::SseClosed::kServerShutdown});
  CHECK(site.until_ended(idle));
  CHECK(site.answer(watching).body == ": \n\nevent: message\ndata: last\n\n");
  CHECK(site.until_ended(watching));
  site.turn();
  CHECK(done == 0);
  site.kept[0].reply(text_response("last"));
  CHECK(site.answer(waiting).body == "last");
  CHECK(site.until([&] { return done == 1; }));
  site.turn();
  CHECK(done == 1);
}

TEST_CASE("server: close of idle connections only reports once") {
  Site site;
  site.start();
  Client idle = site.client();
  CHECK(site.ask(idle, get("/hello")).status == 200);
  int done = 0;
  site.server->close([&] { ++done; });
  CHECK(site.until([&] { return done == 1; }));
  for (int i = 0; i < 3; ++i) site.turn();
  CHECK(done == 1);
}

TEST_CASE("server: close without connections reports on the next turn, abort drops what is left") {
  Site site;
  site.start();
  int done = 0;
  Client waiting = site.client();
  waiting.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  int abandoned = 0;
  site.kept[0].on_abandoned([&] { ++abandoned; });
  site.server->close([&] { ++done; });
  site.turn();
  CHECK(done == 0);
  site.server->abort();
  CHECK(abandoned == 1);
  CHECK(site.until([&] { return done == 1; }));
  CHECK(site.until_ended(waiting));
  site.server->close([&] { ++done; });
  CHECK(done == 1);
  site.turn();
  CHECK(done == 2);
}

TEST_CASE("server: exchanges and streams may outlive it") {
  Site site;
  site.start();
  Client waiting = site.client();
  waiting.send(post("/later", ""));
  Client watching = site.client();
  watching.send(get("/events"));
  REQUIRE(site.until([&] { return site.kept.size() == 1 && site.streams.size() == 1; }));
  int told = 0;
  site.kept[0].on_abandoned([&] { ++told; });
  site.streams[0]->on_closed([&](http::SseClosed) { ++told; });
  site.server.reset();
  site.turn();
  CHECK(told == 0);
  site.kept[0].reply(text_response("nobody"));
  site.streams[0]->send("message", "nobody");
  CHECK(site.streams[0]->queued_bytes() == 0);
  site.turn();
  CHECK(site.until_ended(waiting));
  CHECK(site.until_ended(watching));
}

}  // namespace
}  // namespace sidecar::test
