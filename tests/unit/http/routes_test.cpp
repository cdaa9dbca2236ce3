// How a request finds its route, and tables that are mounted and taken away again.
#include "unit/http/world.hpp"

using namespace sidecar;
using namespace sidecar::test;

namespace {

http::Route named(std::string method, std::string path, RouteRules rules = {}) {
  const std::string text = method + " " + path;
  return {std::move(method), std::move(path), text, rules,
          [text](http::Exchange exchange) { exchange.reply(text_response(text)); }};
}

struct RoutesWorld : Site {
  std::string body(std::string_view path) { return ask(get(path)).body; }
  int status(std::string_view path) { return ask(get(path)).status; }
  double served(const std::string& endpoint, int status = 200) const {
    return sample("mcp_sidecar_http_requests_total{endpoint=\"" + endpoint + "\",status=\"" +
                  std::to_string(status) + "\"}");
  }
};

}  // namespace

TEST_CASE("routes: the head check gets the rules of the route, also where the method is unknown") {
  RoutesWorld site;
  site.routes.push_back(named("DELETE", "/things/*", {.access = Access::kAdmin, .action = "do"}));
  site.routes.push_back(named("GET", "/things/x", {.access = Access::kProbe}));
  RouteRules rules;
  bool not_allowed = false;
  site.head_check = [&](const http::Head& head) {
    rules = head.rules;
    not_allowed = head.method_not_allowed;
    return http::Verdict{};
  };
  site.start();
  CHECK(site.status("/things/1") == 405);
  CHECK(rules.access == Access::kAdmin);
  CHECK(rules.action == "do");
  CHECK(not_allowed);
  CHECK(site.status("/things/x") == 200);
  CHECK(rules.access == Access::kProbe);
  CHECK_FALSE(not_allowed);
  Client client = site.client();
  CHECK(site.ask(client, "HEAD /things/x HTTP/1.1\r\nHost: x\r\n\r\n", true).status == 200);
  CHECK(rules.access == Access::kProbe);
  CHECK_FALSE(not_allowed);
  CHECK(site.status("/things") == 404);
  CHECK(rules.access == Access::kPublic);
  CHECK_FALSE(not_allowed);
}

TEST_CASE("routes: at a path without a route the body is neither awaited nor kept") {
  RoutesWorld site;
  site.start();
  Client client = site.client();
  const auto refused = site.ask(client,
                                "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n"
                                "Expect: 100-continue\r\n\r\n");
  CHECK(refused.status == 404);
  CHECK(refused.field("Connection") == "close");
  CHECK(site.until_ended(client));
  Client whole = site.client();
  CHECK(site.ask(whole, post("/nothing", "body")).status == 404);
  CHECK(site.ask(whole, get("/hello")).body == "hello");
  CHECK(site.served("none", 404) == 2);
}

TEST_CASE("routes: a body is not kept where no handler reads it, and the connection stays open") {
  RoutesWorld site;
  site.routes.push_back(named("POST", "/answers"));
  site.routes.back().reads_body = false;
  site.routes.back().handler = [](http::Exchange exchange) {
    http::Response response{.status = 400};
    response.body = std::to_string(exchange.request().body.size());
    exchange.reply(std::move(response));
  };
  site.start();
  Client client = site.client();
  for (int i = 0; i < 2; ++i) {
    const auto answer = site.ask(client, post("/answers", std::string(50000, 'x')));
    CHECK(answer.status == 400);
    CHECK(answer.body == "0");
  }
  CHECK(site.ask(client, post("/hello", std::string(50000, 'x'))).status == 405);
  CHECK(site.ask(client, get("/hello")).body == "hello");
}

TEST_CASE("routes: the fields of a route are in every answer at its path, refusals too") {
  RoutesWorld site;
  static const Fields kFields = {{"X-Page", "1"}};
  site.routes.push_back(named("GET", "/page"));
  site.routes.back().fields = &kFields;
  bool refuse = false;
  site.head_check = [&refuse](const http::Head&) {
    http::Verdict verdict;
    if (refuse) verdict.answer = http::error_response(401, "no");
    return verdict;
  };
  site.start();
  CHECK(site.ask(get("/page")).field("X-Page") == "1");
  const auto other_method = site.ask(post("/page", ""));
  CHECK(other_method.status == 405);
  CHECK(other_method.field("X-Page") == "1");
  CHECK(site.ask(get("/hello")).field("X-Page").empty());
  refuse = true;
  const auto refused = site.ask(get("/page"));
  CHECK(refused.status == 401);
  CHECK(refused.field("X-Page") == "1");
}

TEST_CASE("routes: one slash behind a fixed path is ignored, for every method") {
  RoutesWorld site;
  for (auto& route : {named("POST", "/deep/path"), named("GET", "/things"),
                      named("GET", "/things/*"), named("GET", "/")})
    site.routes.push_back(route);
  std::string path;
  site.head_check = [&path](const http::Head& head) {
    path = head.path;
    return http::Verdict{};
  };
  site.start();
  site.server->mount("/git", {named("GET", "/hello")});
  CHECK(site.body("/hello/?a=/") == "hello");
  CHECK(path == "/hello");
  CHECK(site.body("/git/hello/") == "GET /hello");
  CHECK(path == "/git/hello");
  CHECK(site.ask(post("/deep/path/", "x")).body == "POST /deep/path");
  CHECK(site.body("//") == "GET /");
  Client client = site.client();
  CHECK(site.ask(client, "HEAD /hello/ HTTP/1.1\r\nHost: x\r\n\r\n", true).status == 200);
  const auto options = site.ask(client, "OPTIONS /hello/ HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(options.status == 204);
  CHECK(options.field("Allow") == "OPTIONS, GET, HEAD");
  const auto wrong = site.ask(client, post("/hello/", "x"));
  CHECK(wrong.status == 405);
  CHECK(wrong.field("Allow") == "OPTIONS, GET, HEAD");
  for (const char* unknown : {"/hello//", "/hell/", "/deep/", "//hello", "/git//", "/git/"}) {
    INFO(unknown);
    CHECK(site.status(unknown) == 404);
    CHECK(path == unknown);
  }
}

TEST_CASE("routes: behind a prefix the slash at the end belongs to the path") {
  RoutesWorld site;
  std::string path;
  site.routes.push_back(named("GET", "/things"));
  site.routes.push_back({"GET", "/things/*", "thing", {}, [&path](http::Exchange exchange) {
                           path = exchange.request().path;
                           exchange.reply(text_response("thing"));
                         }});
  site.start();
  CHECK(site.body("/things/") == "GET /things");
  CHECK(site.body("/things/x/") == "thing");
  CHECK(path == "/things/x/");
}

TEST_CASE("routes: below the public URL's path everything is served, unless the path has a route") {
  RoutesWorld site;
  for (auto& route : {named("GET", "/"), named("GET", "/mcp"), named("POST", "/message"),
                      named("GET", "/things/*")})
    site.routes.push_back(route);
  std::string path;
  site.head_check = [&path](const http::Head& head) {
    path = head.path;
    return http::Verdict{};
  };
  site.start();
  site.server->mount("/git", {named("GET", "/x")});
  const auto served = [&](std::string_view asked, std::string_view body, std::string_view as) {
    INFO(asked);
    CHECK(site.body(asked) == body);
    CHECK(path == as);
  };
  site.server->serve_below("/mcp");
  served("/mcp", "GET /mcp", "/mcp");
  served("/mcp/", "GET /mcp", "/mcp");
  served("/mcp/mcp", "GET /mcp", "/mcp");
  served("/mcp/mcp/", "GET /mcp", "/mcp");
  served("/mcp/hello", "hello", "/hello");
  served("/hello", "hello", "/hello");
  served("/mcp/git/x", "GET /x", "/git/x");
  CHECK(site.status("/mcp/mcp/mcp") == 404);

  site.server->serve_below("/tools-of/team%20a");
  served("/tools-of/team%20a", "GET /", "/");
  served("/tools-of/team%20a/", "GET /", "/");
  served("/tools-of/team%20a/things/x/", "GET /things/*", "/things/x/");
  CHECK(site.ask(post("/tools-of/team%20a/message?sessionId=1", "x")).body == "POST /message");
  for (const char* unknown : {"/tools-of/team%20ab", "/tools-of/team%20ahello", "/tools-of/hello",
                              "/tools-of/team%20a/tools-of/team%20a/hello", "/mcp/hello"}) {
    INFO(unknown);
    CHECK(site.status(unknown) == 404);
  }
}

TEST_CASE("routes: a route for event streams serves those who accept these and no page, by name") {
  RoutesWorld site;
  http::Route events = named("GET", "/", {.access = Access::kClient});
  events.events_only = true;
  events.handler = [](http::Exchange exchange) { exchange.reply(text_response("events")); };
  for (auto& route : {named("POST", "/"), events, named("GET", "/", {.access = Access::kPublic})})
    site.routes.push_back(route);
  Access access{};
  site.head_check = [&access](const http::Head& head) {
    access = head.rules.access;
    return http::Verdict{};
  };
  site.start();
  Client client = site.client();
  const auto asked = [&](std::string_view accept) {
    const std::string field = accept.empty() ? "" : "Accept: " + std::string(accept) + "\r\n";
    return site.ask(client, get("/", field)).body;
  };
  for (const char* accept :
       {"text/event-stream", "application/json, Text/Event-Stream;q=0.5, */*;q=0.1",
        "text/html;q=0, text/event-stream", "text/*, text/event-stream"}) {
    INFO(accept);
    CHECK(asked(accept) == "events");
    CHECK(access == Access::kClient);
  }
  for (const char* accept : {"", "*/*", "text/*", "text/html", "text/html, text/event-stream",
                             "text/event-stream;q=0", "text/event-streams", "application/json"}) {
    INFO(accept);
    CHECK(asked(accept) == "GET /");
    CHECK(access == Access::kPublic);
  }
  const auto head =
      site.ask(client, "HEAD / HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n", true);
  CHECK(head.field("Content-Length") == "6");
  CHECK(site.ask(client, "OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n").field("Allow") ==
        "OPTIONS, POST, GET, HEAD");
}

TEST_CASE("routes: a mounted table serves its prefix alone, and the longest prefix decides") {
  RoutesWorld site;
  site.start();
  site.server->mount("/git",
                     {named("GET", "/hello"), named("GET", "/deep/x"), named("GET", "/a/*")});
  site.server->mount("/git/deep", {named("GET", "/y")});
  CHECK(site.body("/hello") == "hello");
  CHECK(site.body("/git/hello") == "GET /hello");
  CHECK(site.body("/git/a/b") == "GET /a/*");
  CHECK(site.body("/git/deep/y") == "GET /y");
  for (const char* path : {"/git", "/git/", "/github/hello", "/gi/hello", "/git/git/hello",
                           "/git/deep/x", "/git/echo", "/y"}) {
    INFO(path);
    CHECK(site.status(path) == 404);
  }
  CHECK(site.ask(post("/git/hello", "")).field("Allow") == "OPTIONS, GET, HEAD");
  site.server->unmount("/git/deep");
  CHECK(site.body("/git/deep/x") == "GET /deep/x");
  CHECK(site.status("/git/deep/y") == 404);
}

TEST_CASE("routes: after unmount a request under way is still answered and counted") {
  RoutesWorld site;
  site.start();
  auto owned = std::make_shared<int>();
  const std::weak_ptr<int> alive = owned;
  site.server->mount("/git",
                     {{"POST",
                       "/later",
                       "git-later",
                       {},
                       [&kept = site.kept, owned = std::move(owned)](http::Exchange exchange) {
                         kept.push_back(std::move(exchange));
                       }}});
  Client client = site.client();
  Client reading = site.client();
  site.send_all(client, post("/git/later", "x"));
  REQUIRE(site.until([&] { return site.kept.size() == 1; }));
  site.send_all(reading, "POST /git/later HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na");
  REQUIRE(site.until([&] { return site.server->busy_connections() == 2; }));

  site.server->unmount("/git");
  CHECK(site.ask(post("/git/later", "y")).status == 404);
  CHECK_FALSE(alive.expired());
  site.send_all(reading, "b");
  REQUIRE(site.until([&] { return site.kept.size() == 2; }));
  for (http::Exchange& exchange : site.kept) {
    exchange.reply(text_response("at last"));
    CHECK_FALSE(alive.expired());  // the code that replies may be the handlers'
  }
  CHECK(site.answer(client).body == "at last");
  CHECK(site.answer(reading).body == "at last");
  CHECK(site.served("git-later") == 2);
  CHECK(alive.expired());
}

TEST_CASE("routes: a handler may take its own table away") {
  RoutesWorld site;
  site.start();
  site.server->mount("/git", {{"POST", "/leave", "git-leave", {}, [&site](http::Exchange exchange) {
                                 site.server->unmount("/git");
                                 exchange.reply(text_response("left"));
                               }}});
  CHECK(site.ask(post("/git/leave", "")).body == "left");
  CHECK(site.served("git-leave") == 1);
  CHECK(site.ask(post("/git/leave", "")).status == 404);
}

TEST_CASE("routes: a table mounted again replaces the former one") {
  RoutesWorld site;
  site.start();
  site.server->mount("/git", {named("GET", "/one")});
  site.server->mount("/git", {named("GET", "/two")});
  CHECK(site.status("/git/one") == 404);
  CHECK(site.body("/git/two") == "GET /two");
  site.server->unmount("/git");
  site.server->unmount("/git");
  CHECK(site.status("/git/two") == 404);
  site.server->mount("/git", {named("GET", "/one")});
  CHECK(site.body("/git/one") == "GET /one");
}
