#include "endpoints/ops/health.hpp"

#include <nlohmann/json.hpp>

#include "endpoints/ops/admin.hpp"
#include "unit/endpoints/world.hpp"

using namespace sidecar;
using namespace sidecar::test;
using nlohmann::json;

namespace {

const observe::Caller kStranger{"", "192.0.2.1", false, false};
const observe::Caller kLocal{"", "127.0.0.1", false, true};
const observe::Caller kHolder{"alice", "192.0.2.1", true, false};
const observe::Caller kAdmin{"root", "192.0.2.1", true, false, true};

struct HealthWorld : World {
  explicit HealthWorld(bool keys = false, std::size_t children = 1)
      : World({}, 0, {}, shared_children(children)),
        health(streams, instances, timers, keys),
        admin(instances, log),
        routes(health.routes()) {
    for (http::Route& route : admin.routes()) routes.push_back(std::move(route));
  }
  std::shared_ptr<Outcome> get(const char* path, const observe::Caller& caller = kStranger) {
    return ask(routes, "GET", path, {}, caller);
  }

  endpoints::Health health;
  endpoints::Admin admin;
  std::vector<http::Route> routes;
};

}  // namespace

TEST_CASE("health: has the members of both predecessors' /health, and every child") {
  HealthWorld w(false, 2);
  const auto answered = w.get("/health");
  CHECK(answered->reply().status == 200);
  const json body = json::parse(answered->reply().body);
  CHECK(body["status"] == "ok");
  CHECK(body["transport"] == "sse");
  CHECK(body["sseClients"] == 0);
  CHECK(body["authEnabled"] == false);
  CHECK(body["child"] == json({{"state", "starting"}, {"restarts", 0}}));
  REQUIRE(body["children"].size() == 2);
  CHECK(body["children"][1] == json({{"name", "child-2"}, {"state", "starting"}, {"restarts", 0}}));
  CHECK(json::parse(w.get("/health", kLocal)->reply().body)["children"][1] ==
        json({{"name", "child-2"},
              {"state", "starting"},
              {"restarts", 0},
              {"sessions", 0},
              {"calls", 0}}));
}

TEST_CASE("health: clients and connections are the open event streams, by address") {
  HealthWorld w;
  auto one = w.streams.take("192.0.2.1"), two = w.streams.take("192.0.2.2");
  const auto third = w.streams.take("192.0.2.1");
  const json busy = json::parse(w.get("/health")->reply().body);
  CHECK(busy["sseClients"] == 3);
  CHECK(busy["totalConnections"] == 3);
  CHECK(busy["connectionsByIP"] == json({{"192.0.2.1", 2}, {"192.0.2.2", 1}}));
  one.reset();
  two.reset();
  const json later = json::parse(w.get("/health")->reply().body);
  CHECK(later["sseClients"] == 1);
  CHECK(later["connectionsByIP"] == json({{"192.0.2.1", 1}}));
}

TEST_CASE("health: the load of each child is shown to administrators and unrestricted keys only") {
  observe::Caller key = kHolder, limited = kHolder, token = kHolder;
  key.by_stored_key = limited.by_stored_key = true;
  auto rules = std::make_shared<auth::Permissions>();
  rules->tools.allow = {"get_*"};
  limited.permissions = {rules};
  for (const bool keys : {true, false}) {
    HealthWorld w(keys);
    const auto counts = [&w](const observe::Caller& caller) {
      return json::parse(w.get("/health", caller)->reply().body)["children"][0].contains("calls");
    };
    CHECK(counts(kAdmin));
    CHECK(counts(key));
    CHECK_FALSE(counts(limited));
    CHECK_FALSE(counts(token));
    CHECK_FALSE(counts(kStranger));
    CHECK(counts(kLocal) == !keys);
  }
}

TEST_CASE("health: addresses are shown to callers with a key and to loopback only") {
  HealthWorld w(true);
  CHECK_FALSE(json::parse(w.get("/health")->reply().body).contains("connectionsByIP"));
  CHECK(json::parse(w.get("/health", kLocal)->reply().body).contains("connectionsByIP"));
  CHECK(json::parse(w.get("/health", kHolder)->reply().body).contains("connectionsByIP"));
}

TEST_CASE(
    "ready: 503 until the handshake with the child is done, and again after the child has died") {
  HealthWorld w;
  const auto early = w.get("/ready");
  CHECK(early->reply().status == 503);
  CHECK(json::parse(early->reply().body)["status"] == "unavailable");
  CHECK_FALSE(json::parse(early->reply().body)["reason"].get<std::string>().empty());
  CHECK_FALSE(early->field("Retry-After").empty());
  w.ready();
  const auto ready = w.get("/ready");
  CHECK(ready->reply().status == 200);
  CHECK(ready->reply().body == R"({"status":"ready"})");
  w.die();
  CHECK(w.get("/ready")->reply().status == 503);
  CHECK(w.get("/health")->reply().status == 200);
}

TEST_CASE("ready: every caller gets the reason") {
  HealthWorld w(true);
  CHECK(json::parse(w.get("/ready")->reply().body).contains("reason"));
  CHECK(json::parse(w.get("/ready", kLocal)->reply().body).contains("reason"));
  CHECK(json::parse(w.get("/ready", kHolder)->reply().body).contains("reason"));
}

TEST_CASE("restart: replaces every child, for administrators only") {
  HealthWorld w(true);
  w.ready();
  const FakeLink* before = w.link;
  CHECK(w.admin.routes()[0].rules.access == Access::kAdmin);
  const auto restarted = ask(w.routes, "POST", "/restart", {}, kAdmin);
  CHECK(restarted->reply().status == 202);
  CHECK(restarted->reply().body == R"({"restarting":1})");
  CHECK(w.link != before);
  CHECK(w.link->started);
}
