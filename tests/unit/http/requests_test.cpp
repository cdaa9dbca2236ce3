// Valid requests and their answers.
#include "world.hpp"

namespace sidecar::test {
namespace {

TEST_CASE("http: a request is answered and the connection serves the next one") {
  Site site;
  site.start();
  Client client = site.client();
  for (int i = 0; i < 3; ++i) {
    const Received answer = site.ask(client, get("/hello"));
    CHECK(answer.status == 200);
    CHECK(answer.body == "hello");
    CHECK(answer.field("Content-Type") == "text/plain");
    CHECK(answer.field("Content-Length") == "5");
    CHECK(answer.field("Connection").empty());
  }
  CHECK(site.sample("mcp_sidecar_http_connections") == 1);
  CHECK(site.sample("mcp_sidecar_http_connections_accepted_total") == 1);
  CHECK(site.sample("mcp_sidecar_http_requests_total{endpoint=\"/hello\",status=\"200\"}") == 3);
}

TEST_CASE("http: pipelined requests are answered in order, however they are split") {
  Site site;
  site.start();
  std::string all;
  for (int i = 0; i < 50; ++i) all += post("/echo", std::to_string(i)) + (i % 7 == 0 ? "\r\n" : "");
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{100}, all.size()}) {
    Client client = site.client();
    for (std::size_t at = 0; at < all.size(); at += step) {
      client.send(std::string_view(all).substr(at, step));
      if (step < 100) site.turn();
    }
    for (int i = 0; i < 50; ++i) CHECK(site.answer(client).body == std::to_string(i));
  }
}

TEST_CASE("http: chunked bodies arrive whole; extensions and trailers are ignored") {
  Site site;
  site.start();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5\r\nhello\r\n1;name=value;q=\"a;b\"\r\n,\r\n6\r\n world\r\n0\r\nContent-MD5: none\r\nX: "
      "y\r\n\r\n";
  Client client = site.client();
  CHECK(site.ask(client, request).body == "hello, world");
  for (const char byte : request) {
    client.send({&byte, 1});
    site.turn();
  }
  CHECK(site.answer(client).body == "hello, world");
  CHECK(site.ask(client, get("/hello")).status == 200);
}

TEST_CASE("http: a direct route answers like any other") {
  const auto answers = [](bool direct) {
    Site site;
    site.route(
        "POST", "/say",
        [](http::Exchange exchange) {
          http::Response response = text_response(exchange.take_body());
          response.status = std::stoi(response.body);
          response.fields = {{"X-Own", "1"}, {"Content-Length", "7"}, {"X-Split", "a\r\nb"}};
          exchange.reply(std::move(response));
        },
        direct);
    site.route(
        "POST", "/drop", [](http::Exchange) {}, direct);
    site.route(
        "POST", "/throw", [](http::Exchange) { throw std::runtime_error("secret"); }, direct);
    site.head_check = [](const http::Head&) {
      return http::Verdict{
          .answer = {}, .reply_fields = {.own = {{"Vary", "Origin"}}}, .caller = {}};
    };
    site.start();
    Client client = site.client();
    std::string all;
    for (const std::string& request :
         {post("/say", "200"), post("/say", "202 " + std::string(100'000, 'x')),
          post("/say", "204"), post("/say", "429"), post("/drop", ""), post("/throw", ""),
          get("/say"), post("/hello", ""),
          std::string("POST /say HTTP/1.0\r\nContent-Length: 3\r\n\r\n200")}) {
      Received answer = site.ask(client, request);
      std::sort(answer.fields.begin(), answer.fields.end(),
                [](const auto& a, const auto& b) { return a.name < b.name; });
      all += std::to_string(answer.status) + '\n';
      for (const Field& field : answer.fields) all += field.name + ": " + field.value + '\n';
      // The id of an internal error differs each time.
      all += (answer.status == 500 ? "" : answer.body) + '\n';
    }
    for (const char* path : {"/say", "/drop", "/throw"})
      all += std::to_string(site.sample("mcp_sidecar_http_requests_total{endpoint=\"" +
                                        std::string(path) + "\",status=\"500\"}"));
    return all;
  };
  CHECK(answers(true) == answers(false));
}

TEST_CASE("http: a large body passes both ways unchanged") {
  Site site;
  site.start();
  std::string body(3 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 >> 3);
  Client client = site.client();
  const Received answer = site.ask(client, post("/echo", body));
  CHECK(answer.status == 200);
  CHECK((answer.body == body));
  CHECK(site.ask(client, get("/hello")).status == 200);
  CHECK(site.sample("mcp_sidecar_buffered_bytes") == 0);
}

TEST_CASE("http: the handler sees the request as it was sent") {
  Site site;
  http::Request seen;
  site.route("POST", "/see", [&](http::Exchange exchange) {
    seen = exchange.request();
    seen.body = exchange.take_body();
    exchange.reply({.status = 202});
  });
  site.start();
  const Received answer = site.ask(
      "POST /s%65e?a=1%202&b=x%2By+z&bad=%zz&e HTTP/1.1\r\nHost: h\r\nX-Key:  %41+b "
      "\t\r\nREMOTE_ADDR: "
      "9.9.9.9\r\n"
      "Content-Length: 2\r\n\r\nhi");
  CHECK(answer.status == 202);
  CHECK(answer.field("Content-Length") == "0");
  CHECK(answer.field("Content-Type").empty());
  CHECK(seen.method == "POST");
  CHECK(seen.path == "/see");
  CHECK(seen.query_value("a") == "1 2");
  CHECK(seen.query_value("b") == "x+y z");
  CHECK(seen.query_value("bad") == "%zz");
  CHECK(seen.query_value("e") == "");
  CHECK_FALSE(seen.query_value("absent").has_value());
  CHECK(seen.header("x-key") == "%41+b");  // never percent-decoded
  CHECK(seen.header("absent").empty());
  CHECK(seen.peer_address == "127.0.0.1");
  CHECK(seen.body == "hi");
  CHECK(seen.body.capacity() >= seen.body.size() + 64);
}

TEST_CASE("http: an absolute target is reduced to its path, and its authority becomes the Host") {
  Site site;
  std::string host;
  std::string path;
  site.route("GET", "/where", [&](http::Exchange exchange) {
    host = exchange.request().header("Host");
    path = exchange.request().path;
    exchange.reply(text_response("here"));
  });
  site.start();
  CHECK(site.ask("GET HTTP://real.example:81/where?x=1 HTTP/1.1\r\nHost: other\r\n\r\n").status ==
        200);
  CHECK(host == "real.example:81");
  CHECK(path == "/where");
  CHECK(site.ask("GET http://real.example/where HTTP/1.0\r\n\r\n").status == 200);
  CHECK(host == "real.example");
  CHECK(site.ask("GET http://x HTTP/1.1\r\nHost: x\r\n\r\n").status == 404);
}

TEST_CASE("http: HEAD is a GET without its body") {
  Site site;
  site.route("GET", "/big", [](http::Exchange exchange) {
    exchange.reply(text_response(std::string(100'000, 'x')));
  });
  site.start();
  Client client = site.client();
  for (const auto& [path, size] : {std::pair("/hello", "5"), std::pair("/big", "100000")}) {
    const Received head =
        site.ask(client, "HEAD " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n", true);
    CHECK(head.status == 200);
    CHECK(head.field("Content-Length") == size);
    CHECK(head.field("Accept-Ranges").empty());
  }
  CHECK(site.ask(client, get("/hello")).body == "hello");
}

TEST_CASE(
    "http: OPTIONS lists the methods of a path; a wrong method gets 405, an unknown path 404") {
  Site site;
  site.start();
  Client client = site.client();
  const Received options = site.ask(client, "OPTIONS /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(options.status == 204);
  CHECK(options.field("Allow") == "OPTIONS, GET, HEAD");
  CHECK(options.field("Content-Length").empty());
  CHECK(site.ask(client, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").status == 204);
  CHECK(site.ask(client, "OPTIONS /none HTTP/1.1\r\nHost: x\r\n\r\n").status == 404);

  const Received wrong = site.ask(client, post("/hello", "x"));
  CHECK(wrong.status == 405);
  CHECK(wrong.field("Allow") == "OPTIONS, GET, HEAD");
  CHECK(wrong.field("Content-Type") == "application/json");
  CHECK(wrong.body ==
        R"({"error":"Method Not Allowed","message":"this path allows OPTIONS, GET, HEAD"})");

  const Received unknown = site.ask(client, post("/nowhere", "x"));
  CHECK(unknown.status == 404);
  CHECK(unknown.body == R"({"error":"Not Found","message":"no endpoint at this path"})");
  CHECK(site.sample("mcp_sidecar_http_requests_total{endpoint=\"/hello\",status=\"405\"}") == 1);
  CHECK(site.sample("mcp_sidecar_http_requests_total{endpoint=\"none\",status=\"404\"}") == 2);
  CHECK(site.ask(client, get("/hello")).status == 200);  // none of them ended the connection
}

TEST_CASE("http: a prefix route serves the paths below it; an exact route has precedence") {
  Site site;
  std::string seen;
  site.route("POST", "/messages/*", [&](http::Exchange exchange) {
    seen = exchange.request().path;
    exchange.reply(text_response("prefix"));
  });
  site.route("POST", "/messages/inner/*",
             [&](http::Exchange exchange) { exchange.reply(text_response("longer")); });
  site.route("POST", "/messages/exact",
             [&](http::Exchange exchange) { exchange.reply(text_response("exact")); });
  site.start();
  Client client = site.client();
  CHECK(site.ask(client, post("/messages/a%2Fb", "")).body == "prefix");
  CHECK(seen == "/messages/a/b");
  CHECK(site.ask(client, post("/messages/exact", "")).body == "exact");
  CHECK(site.ask(client, post("/messages/inner/x", "")).body == "longer");
  CHECK(site.ask(client, post("/messages", "")).status == 404);
  CHECK(site.ask(client, post("/messages/" + std::string(5000, 'n'), "")).body == "prefix");
}

TEST_CASE("http: request fields that trigger features of httplib have no effect") {
  Site site;
  site.start();
  const std::string body(2000, 'a');
  for (const std::string_view fields :
       {"Range: bytes=0-0\r\n", "Range: bytes=0-0,1-1,2-2\r\n", "Range: nonsense\r\n",
        "Accept-Encoding: br, gzip\r\n", "REMOTE_ADDR: 6.6.6.6\r\n", "LOCAL_PORT: 1\r\n",
        "Accept: ;;;q=x\r\n", "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\n",
        "Expect: 100-continue\r\n", "Keep-Alive: 300\r\n", "X-Forwarded-For: 1.2.3.4\r\n",
        "If-None-Match: *\r\n"}) {
    INFO(fields);
    Client client = site.client();
    const Received answer = site.ask(client, post("/echo", body, fields));
    CHECK(answer.status == 200);
    CHECK(answer.body == body);
    CHECK(answer.field("Content-Encoding").empty());
    CHECK(answer.field("Content-Range").empty());
    CHECK(site.ask(client, get("/hello")).body == "hello");
  }
  const std::string range = "Range: bytes=" + std::string(7000, '0') + "-1\r\n";
  CHECK(site.ask(get("/hello", range)).body == "hello");
}

TEST_CASE(
    "http: HTTP/1.0 closes unless asked to keep alive; HTTP/1.1 keeps alive unless asked to "
    "close") {
  Site site;
  site.start();
  {
    Client client = site.client();
    CHECK(site.ask(client, "GET /hello HTTP/1.0\r\n\r\n").field("Connection") == "close");
    CHECK(site.until_ended(client));
  }
  {
    Client client = site.client();
    const std::string request = "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    CHECK(site.ask(client, request).field("Connection") == "keep-alive");
    CHECK(site.ask(client, request).body == "hello");
  }
  {
    Client client = site.client();
    CHECK(site.ask(client, get("/hello", "Connection: x, CLOSE\r\n")).field("Connection") ==
          "close");
    CHECK(site.until_ended(client));
  }
}

TEST_CASE("http: a client that closes its sending side still gets the answers to what it sent") {
  Site site;
  site.start();
  Client client = site.client();
  client.send(get("/hello") + post("/echo", "two") + get("/hello"));
  client.end_sending();
  CHECK(site.answer(client).body == "hello");
  CHECK(site.answer(client).body == "two");
  CHECK(site.answer(client).body == "hello");
  CHECK(site.until_ended(client));
}

TEST_CASE("http: a field's value cannot split an answer or change its framing") {
  Site site;
  const auto answer = [] {
    http::Response response = text_response("body");
    response.fields = {{"X-Good", "1"},         {"X-Bad", "a\r\nX-Injected: 1"},
                       {"X Bad", "1"},          {"X-Nul", std::string("a\0b", 3)},
                       {"Content-Length", "1"}, {"transfer-encoding", "chunked"},
                       {"Connection", "close"}, {"", "x"}};
    return response;
  };
  site.route("GET", "/now", [&](http::Exchange exchange) { exchange.reply(answer()); });
  site.start();
  Client client = site.client();
  client.send(get("/now"));
  REQUIRE(site.until_text(client, "\r\n\r\nbody"));
  CHECK(client.text().find("X-Injected") == std::string::npos);
  CHECK(client.text().find("X-Nul") == std::string::npos);
  client.forget(client.text().size());
  client.send(post("/later", ""));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  site.kept[0].reply(answer());
  const Received late = site.answer(client);
  CHECK(late.body == "body");
  CHECK(late.field("X-Good") == "1");
  CHECK(late.field("X-Injected").empty());
  CHECK(late.field("X-Nul").empty());
  CHECK(late.field("Content-Length") == "4");
  CHECK(late.field("Connection").empty());
}

TEST_CASE("http: 204 and 304 carry neither body nor Content-Length, at once or late") {
  Site site;
  for (const int status : {204, 304}) {
    site.route("GET", "/" + std::to_string(status), [status](http::Exchange exchange) {
      exchange.reply({.status = status, .body = "ignored"});
    });
  }
  site.start();
  Client client = site.client();
  for (const char* path : {"/204", "/304"}) {
    const Received answer = site.ask(client, get(path));
    CHECK(std::to_string(answer.status) == path + 1);
    CHECK(answer.field("Content-Length").empty());
  }
  CHECK(site.ask(client, get("/hello")).body == "hello");
}

}  // namespace
}  // namespace sidecar::test
