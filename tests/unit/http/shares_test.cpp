// Sharing of connections and buffered bytes between clients that the head check distinguishes.
#include "world.hpp"

namespace sidecar::test {
namespace {

// A request with the field X-Key belongs to that key; without it the client is unknown.
class SharedSite : public Site {
 public:
  SharedSite() {
    route("GET", "/large",
          [this](http::Exchange exchange) { exchange.reply(text_response(large)); });
    head_check = [](const http::Head& head) {
      auto caller = std::make_shared<observe::Caller>();
      caller->owner = head.header("X-Key");
      caller->address = head.peer_address;
      caller->has_key = !caller->owner.empty();
      http::Verdict verdict;
      verdict.known = caller->has_key;
      verdict.caller = std::move(caller);
      return verdict;
    };
  }

  static std::string key(const std::string& name) { return "X-Key: " + name + "\r\n"; }
  std::vector<Client> streams_of(const std::string& name, std::size_t count) {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < count; ++i) {
      clients.push_back(client());
      clients.back().send(get("/events", key(name)));
      REQUIRE(until_text(clients.back(), "text/event-stream"));
    }
    return clients;
  }
  std::size_t ended(std::vector<Client>& clients) {
    for (int i = 0; i < 20; ++i) turn();
    return static_cast<std::size_t>(
        std::count_if(clients.begin(), clients.end(), [](Client& client) {
          client.receive();
          return client.ended();
        }));
  }
  // Asks for a large answer and reads none of it.
  Client unread(const std::string& name) {
    Client hungry = client(4096);
    hungry.send(get("/large", key(name)));
    REQUIRE(until([&] {
      return sample("mcp_sidecar_buffered_bytes") > static_cast<double>(large.size() / 2);
    }));
    return hungry;
  }
  double refused(const std::string& reason) {
    return sample("mcp_sidecar_refused_total{reason=\"" + reason + "\"}");
  }

  std::string large = std::string(16 << 20, 'x');
};

TEST_CASE(
    "connections: at the limit the client that has most loses an idle one, then its oldest "
    "stream") {
  SharedSite site;
  SECTION("of one address") { site.limits.connections_per_address = 8; }
  SECTION("of all") { site.limits.connections = 8; }
  site.start();
  Client idle = site.client();
  CHECK(site.ask(idle, get("/hello", site.key("a"))).status == 200);
  auto streams = site.streams_of("a", 7);

  Client first = site.client();
  CHECK(site.ask(first, get("/hello", site.key("b"))).status == 200);
  CHECK(site.until_ended(idle));
  CHECK(site.ended(streams) == 0);

  Client second = site.client();
  CHECK(site.ask(second, get("/hello", site.key("b"))).status == 200);
  CHECK(site.ended(streams) == 1);
  CHECK(streams.front().ended());
  CHECK(site.ask(first, get("/hello", site.key("b"))).status == 200);
  CHECK(site.refused("connections") + site.refused("connections_per_address") == 2);
}

TEST_CASE("connections: the client that has most is refused, unless it has an idle one to close") {
  SharedSite site;
  site.limits.connections_per_address = 4;
  site.start();
  Client idle = site.client();
  CHECK(site.ask(idle, get("/hello", site.key("a"))).status == 200);
  auto streams = site.streams_of("a", 4);
  CHECK(site.until_ended(idle));
  const Received refused = site.ask(get("/hello", site.key("a")));
  CHECK(refused.status == 503);
  CHECK(refused.field("Retry-After") == "5");
  CHECK(refused.body.find("your key holds 4 of 4 TCP connections of one address, 4 are in use "
                          "(MCP_MAX_TCP_CONNECTIONS_PER_IP)") != std::string::npos);
  CHECK(site.ended(streams) == 0);
}

TEST_CASE(
    "connections: a flood of unknown clients closes only its own; a known client is admitted") {
  SharedSite site;
  site.limits.connections_per_address = 16;
  site.start();
  auto streams = site.streams_of("a", 16);
  std::vector<Client> flood;
  for (int i = 0; i < 40; ++i) {
    flood.push_back(site.client());
    if (i % 2 == 0) flood.back().send("GET /hello HTT");
    if (i % 3 == 0) CHECK(site.ask(flood.back(), get("/hello")).status >= 200);
  }
  CHECK(site.ended(flood) == 38);  // an eighth of the limit stays
  CHECK(site.ended(streams) == 0);
  CHECK(site.ask(get("/hello", site.key("b"))).status == 200);
  CHECK(site.ended(streams) == 1);
}

TEST_CASE("connections: one connection may serve several clients in turn") {
  SharedSite site;
  site.limits.connections_per_address = 4;
  site.start();
  Client proxy = site.client();
  for (const char* name : {"a", "b", "a", "c"})
    CHECK(site.ask(proxy, get("/hello", site.key(name))).status == 200);
  auto streams = site.streams_of("a", 2);
  CHECK(site.ask(proxy, get("/hello", site.key("b"))).status == 200);
  proxy.close();
  CHECK(site.until([&] { return site.sample("mcp_sidecar_http_connections") == 2; }));
}

TEST_CASE("buffers: the largest one of the client that holds most is evicted for another client") {
  SharedSite site;
  site.buffered_bytes = 10 << 20;  // one answer alone may be beyond it
  site.start();
  Client hungry = site.unread("a");
  Client upload = site.client();
  const std::string body(3 << 20, 'y');
  site.send_all(upload, post("/echo", body, site.key("b")));
  CHECK(site.answer(upload).body == body);
  CHECK(site.until_ended(hungry));
  CHECK(site.refused("buffers_full") == 1);
}

TEST_CASE("buffers: an evicted upload is answered 503, which states the bytes that its key holds") {
  SharedSite site;
  site.buffered_bytes = 8 << 20;
  site.start();
  Client slow = site.client();
  site.send_all(slow,
                "POST /echo HTTP/1.1\r\nHost: x\r\nX-Key: a\r\nContent-Length: 8000000\r\n\r\n" +
                    std::string(7'900'000, 'x'));
  REQUIRE(site.until([&] { return site.sample("mcp_sidecar_buffered_bytes") >= 7'900'000; }));
  Client other = site.client();
  site.send_all(other,
                "POST /echo HTTP/1.1\r\nHost: x\r\nX-Key: b\r\nContent-Length: 2000000\r\n\r\n" +
                    std::string(1'900'000, 'y'));
  const Received refused = site.answer(slow);
  CHECK(refused.status == 503);
  CHECK(refused.body.find("MCP_MAX_BUFFERED") != std::string::npos);
  CHECK(site.ask(other, std::string(100'000, 'y')).body.size() == 2'000'000);
}

TEST_CASE("buffers: an answer that the budget refuses is replaced by one with the reason") {
  SharedSite site;
  site.buffered_bytes = 20 << 20;
  site.start();
  const Client hungry = site.unread("a");
  const Received refused = site.ask(get("/large", site.key("a")));
  CHECK(refused.status == 503);
  CHECK(refused.body.find("your key holds") != std::string::npos);
  CHECK(refused.body.find("MCP_MAX_BUFFERED") != std::string::npos);
}

TEST_CASE("buffers: the bytes of one client cut no stream and no answer of another") {
  SharedSite site;
  site.buffered_bytes = 10 << 20;  // one answer alone may be beyond it
  site.start();
  auto streams = site.streams_of("b", 1);
  const Client hungry = site.unread("a");
  for (int i = 0; i < 100; ++i) site.streams[0]->send("message", std::string(1000, 'e'));
  CHECK(site.until_text(streams[0], std::string(1000, 'e')));
  CHECK(site.ask(post("/echo", std::string(100'000, 'z'), site.key("b"))).body.size() == 100'000);
  CHECK(site.ended(streams) == 0);
}

TEST_CASE("buffers: an event stream that holds most ends as a slow reader for another client") {
  SharedSite site;
  site.buffered_bytes = 24 << 20;
  site.sse_options.queue_limit = 64 << 20;
  site.start();
  Client deaf = site.client(4096);
  deaf.send(get("/events", site.key("a")));
  REQUIRE(site.until([&] { return site.streams.size() == 1; }));
  std::vector<http::SseClosed> reasons;
  site.streams[0]->on_closed([&](http::SseClosed reason) { reasons.push_back(reason); });
  for (int i = 0; i < 24; ++i) {
    site.streams[0]->send("message", std::string(1 << 20, 'e'));
    site.turn();
  }
  REQUIRE(site.sample("mcp_sidecar_buffered_bytes") > (12 << 20));
  REQUIRE(reasons.empty());
  std::vector<Client> uploads;
  for (int i = 0; i < 2 && reasons.empty(); ++i) {
    uploads.push_back(site.client());
    site.send_all(uploads.back(),
                  "POST /echo HTTP/1.1\r\nHost: x\r\nX-Key: b\r\nContent-Length: 9000000\r\n\r\n" +
                      std::string(8'900'000, 'y'));
  }
  CHECK(site.until([&] { return reasons == std::vector{http::SseClosed::kSlowReader}; }));
  for (Client& each : uploads)
    CHECK(site.ask(each, std::string(100'000, 'y')).body.size() == 9'000'000);
}

}  // namespace
}  // namespace sidecar::test
