#include "gate_world.hpp"

using namespace sidecar;
using namespace sidecar::test::gate;

TEST_CASE(
    "gate: an administrator is who its key says, and without keys who shows the start token") {
  auth::Permissions admin;
  admin.admin = true;
  Door keys({key("root", "r", admin), key("bob", "b")});
  CHECK(keys.request({{"X-API-Key", "r"}}, "POST", "/restart", "203.0.113.1").caller->admin);
  CHECK_FALSE(keys.request({{"X-API-Key", "b"}}).caller->admin);
  CHECK_FALSE(keys.request({}, "GET", "/health").caller->admin);

  CHECK_FALSE(keys.request({{"Authorization", "Bearer start"}}, "GET", "/health").caller->admin);
  CHECK(keys.request({{"Authorization", "Bearer start"}}, "POST", "/restart").answer->status ==
        401);

  Door open({});
  for (const char* peer : {"127.0.0.1", "203.0.113.1"}) {
    CHECK(open.request({}, "POST", "/restart", peer).answer->status == 403);
    const auto shown = open.request({{"Authorization", "Bearer start"}}, "POST", "/restart", peer);
    CHECK_FALSE(shown.answer);
    CHECK(shown.caller->admin);
    CHECK(open.request({{"X-API-Key", "start"}}, "GET", "/sessions", peer).caller->admin);
  }
  CHECK(open.request({{"Authorization", "Bearer start"},
                      {"Via", "1.1 a"},
                      {"X-Forwarded-For", "192.0.2.1"}})
            .caller->admin);
  open.url_key = "start";
  CHECK_FALSE(open.request({}).caller->admin);  // URLs end up in logs
}

TEST_CASE("gate: a wrong start token is a wrong key where only an administrator is answered") {
  Door open({}, {"*"}, false, {"*"}, {.wrong_keys = {2, std::chrono::seconds(60)}});
  const Headers wrong = {{"Authorization", "Bearer guess"}};
  CHECK_FALSE(open.request(wrong).answer);
  for (const char* path : {"/sessions", "/health", "/docs", "/nothing"})
    CHECK_FALSE(open.request(wrong, "GET", path).answer);
  for (const char* path : {"/restart", "/metrics"})
    CHECK(open.request(wrong, "GET", path).answer->status == 401);
  for (const char* path : {"/calls", "/metrics"})
    CHECK(open.request(wrong, "GET", path).answer->status == 429);
  CHECK_FALSE(open.request({{"Authorization", "Bearer start"}}, "GET", "/calls").answer);
  CHECK(open.request({}, "GET", "/calls").answer->status == 403);
  CHECK(open.metrics.refused("wrong_key").Value() == 2);
}

TEST_CASE("gate: MCP_OPEN_ADMIN lets a program of this machine administrate") {
  Door open({}, {"*"}, false, {"*"}, {}, {}, true);
  CHECK(open.request({}).caller->admin);
  CHECK_FALSE(open.request({}, "POST", "/restart", "203.0.113.1").caller->admin);
  CHECK(open.request({{"X-API-Key", "start"}}, "POST", "/restart", "203.0.113.1").caller->admin);
  for (const char* name : {"Origin", "X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"}) {
    INFO(name);
    CHECK_FALSE(open.request({{name, "127.0.0.1"}}).caller->admin);
  }
}

TEST_CASE(
    "gate: MCP_OPEN_ADMIN lets our own page in a browser here administrate, and no other page") {
  Door open({}, {"*"}, false, {"*"}, {}, {}, true);
  const auto admin = [&open](Headers headers) {
    return open.request(std::move(headers), "GET", "/calls").caller->admin;
  };
  for (const char* host : {"localhost:3001", "127.0.0.1:3001", "[::1]:3001", "LOCALHOST:3001"}) {
    INFO(host);
    CHECK(admin({{"Host", host}}));
    CHECK(admin({{"Host", host}, {"Origin", "http://" + std::string(host)}}));
    CHECK(admin({{"Host", host}, {"Sec-Fetch-Site", "same-origin"}}));
    CHECK(admin({{"Host", host}, {"Sec-Fetch-Site", "none"}}));
    CHECK_FALSE(admin({{"Host", host}, {"Origin", "http://evil.example"}}));
    CHECK_FALSE(admin({{"Host", host}, {"Origin", "http://localhost:8080"}}));
    CHECK_FALSE(admin({{"Host", host}, {"Origin", "null"}}));
    CHECK_FALSE(admin({{"Host", host}, {"Sec-Fetch-Site", "cross-site"}}));
    CHECK_FALSE(admin({{"Host", host}, {"Sec-Fetch-Site", "same-site"}}));
  }
  // It rebinds its name: its browser takes it for our own page.
  CHECK_FALSE(admin({{"Host", "evil.example:3001"}}));
  CHECK_FALSE(admin({{"Host", "evil.example:3001"}, {"Sec-Fetch-Site", "same-origin"}}));
  CHECK_FALSE(admin({{"Host", "evil.example:3001"}, {"Origin", "http://evil.example:3001"}}));
  CHECK(admin({{"Host", "mcp.example.com:8443"}, {"Origin", "https://mcp.example.com:8443"}}));
}

TEST_CASE("gate: an administrator's route refuses others with 403 and names the permission") {
  auth::Permissions admin, metrics;
  admin.admin = true;
  metrics.metrics = true;
  Door door({key("root", "r", admin), key("prometheus", "p", metrics), key("bob", "b")}, {"*"},
            false, {"*"}, {.key = {3, std::chrono::seconds(60)}});
  const auto status = [&door](const char* secret, const char* path) {
    const auto decision = door.request({{"X-API-Key", secret}}, "GET", path);
    return decision.answer ? decision.answer->status : 200;
  };
  CHECK(status("r", "/calls") == 200);
  CHECK(status("r", "/metrics") == 200);
  CHECK(status("p", "/calls") == 403);
  CHECK(status("p", "/metrics") == 200);
  CHECK(status("b", "/calls") == 403);
  const auto refused = door.request({{"X-API-Key", "b"}}, "GET", "/metrics");
  CHECK(refused.answer->status == 403);
  CHECK(refused.answer->message ==
        "Only a key with the permission metrics or admin may read the metrics; without keys only "
        "the start token, which the log shows at start (MCP_OPEN_ADMIN)");
  CHECK(field(refused.reply_fields, "Access-Control-Allow-Origin") == "*");
  door.method_not_allowed = true;
  CHECK(status("b", "/calls") == 200);  // and then 405
  CHECK(status("b", "/calls") == 429);  // a rate comes before the permission
  door.method_not_allowed = false;
  CHECK(status("b", "/calls") == 429);
}

TEST_CASE(
    "gate: public routes and unknown paths need no key, but pass the address list, the origin "
    "rule and rates") {
  for (const char* path : {"/docs", "/nothing"}) {
    INFO(path);
    Door door({key("alice", "secret-a")}, {"https://app.example"}, false, {"192.0.2.0/24"},
              access::Rates{{}, {}, {2, std::chrono::minutes(1)}, {}});
    const auto request = [&](Headers headers = {}, const char* peer = "192.0.2.1") {
      const auto decision = door.request(std::move(headers), "GET", path, peer);
      return decision.answer ? decision.answer->status : 200;
    };
    CHECK(request({}, "203.0.113.1") == 403);
    CHECK(request({{"Origin", "https://evil.example"}}) == 403);
    CHECK(request({{"X-API-Key", "wrong"}}) == 200);
    // A path without an endpoint reads no key.
    CHECK(door.metrics.refused("wrong_key").Value() == (path == std::string_view("/docs") ? 1 : 0));
    CHECK(request() == 200);
    CHECK(request() == 429);
    CHECK(request({{"X-API-Key", "secret-a"}}, "192.0.2.2") == 200);
    CHECK(door.metrics.refused("no_key").Value() == 0);
  }
}

TEST_CASE(
    "gate: an administrator is one no longer once its key is gone, has expired or has lost the "
    "right") {
  auth::Permissions admin;
  admin.admin = true;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  Door door({key("root", "r", admin)});
  const observe::Caller root = *door.request({{"X-API-Key", "r"}}).caller;
  CHECK(door.gate.administers(root));
  CHECK_FALSE(door.gate.administers(observe::Caller{}));
  for (const access::StoredKey& other :
       {key("bob", "r", admin), key("root", "r"), key("root", "r", admin, now)}) {
    door.gate.set_keys(access::Keys({other}));
    CHECK_FALSE(door.gate.administers(root));
  }
  door.gate.set_keys(access::Keys({key("root", "r"), key("root", "new", admin)}));
  CHECK(door.gate.administers(root));

  Door open({});
  const observe::Caller local = *open.request({{"X-API-Key", "start"}}).caller;
  CHECK(open.gate.administers(local));
  open.gate.close();
  CHECK_FALSE(open.gate.administers(local));
}
