#include "gate_world.hpp"

using namespace sidecar;
using namespace sidecar::test::gate;

TEST_CASE(
    "gate: an address that is not on the list is refused, whatever else it shows; its own proxy's "
    "place "
    "on the list does not help it") {
  Door door(KeyList{key("alice", "secret-a")}, {"*"}, false,
            {"127.0.0.1", "10.1.1.1", "192.0.2.0/24"});
  const Headers key = {{"X-API-Key", "secret-a"}};
  const auto refused = [&](const char* peer, Headers headers = {}, const char* method = "POST",
                           const char* path = "/message") {
    headers.insert(key.begin(), key.end());
    const auto decision = door.request(headers, method, path, peer);
    if (decision.answer && decision.answer->status != 204) {
      CHECK(decision.answer->status == 403);
      CHECK(decision.answer->message == "IP not allowed");
      return true;
    }
    return false;
  };
  CHECK_FALSE(refused("192.0.2.9"));
  CHECK_FALSE(refused("::ffff:192.0.2.9"));
  CHECK(refused("198.51.100.1"));
  CHECK(refused("198.51.100.1", {}, "OPTIONS"));
  CHECK(refused("198.51.100.1", {}, "GET", "/health"));
  CHECK(refused("198.51.100.1", {{"X-Forwarded-For", "192.0.2.9"}}));
  CHECK_FALSE(refused("10.1.1.1", {{"X-Forwarded-For", "198.51.100.1, 192.0.2.9"}}));
  CHECK(refused("10.1.1.1", {{"X-Forwarded-For", "192.0.2.9, 198.51.100.1"}}));
  for (const char* hidden : {"unknown", "_hidden", "192.0.2.9, x"}) {
    INFO(hidden);
    CHECK(refused("10.1.1.1", {{"X-Forwarded-For", hidden}}));
  }
  CHECK(door.metrics.refused("address").Value() == 8);
}

TEST_CASE(
    "gate: the health check of the machine itself passes the address list, others from there do "
    "not") {
  Door door({}, {"*"}, false, {"192.0.2.0/24"});
  CHECK_FALSE(door.request({}, "GET", "/health", "127.0.0.1").answer);
  CHECK_FALSE(door.request({}, "GET", "/health", "::1").answer);
  CHECK(door.request({}, "GET", "/ready", "127.0.0.1").answer->status == 403);
  CHECK(door.request({}, "GET", "/tools", "127.0.0.1").answer->status == 403);
  CHECK(door.request({{"Forwarded", "for=198.51.100.1"}}, "GET", "/health", "127.0.0.1")
            .answer->status == 403);
  CHECK(
      door.request({{"Forwarded", "for=unknown"}}, "GET", "/health", "127.0.0.1").answer->status ==
      403);
}

TEST_CASE("gate: who is hidden behind a proxy of this machine does not count as loopback") {
  Door door({});
  CHECK(door.request({}).caller->loopback);
  CHECK(door.request({{"X-Real-IP", "127.0.0.1"}}).caller->loopback);
  CHECK_FALSE(door.request({{"X-Forwarded-For", "unknown"}}).caller->loopback);
  CHECK_FALSE(door.request({{"Forwarded", "proto=https"}}).caller->loopback);
}

// Each row is refused by one stop more than it names, so that only the order decides which one
// answers.
TEST_CASE("gate: the stops come in their order") {
  const Headers foreign = {{"Origin", "https://evil.example"}};
  const Headers wrong = {{"X-API-Key", "wrong"}};
  const Headers right = {{"X-API-Key", "secret-a"}};
  const Headers foreign_wrong = {{"Origin", "https://evil.example"}, {"X-API-Key", "wrong"}};
  const Headers foreign_right = {{"Origin", "https://evil.example"}, {"X-API-Key", "secret-a"}};
  struct Row {
    const char* what;
    const char* peer;
    const char* method;
    const char* path;
    Headers headers;
    int status;  // 0: passes
  };
  const Row rows[] = {
      {"address before preflight", "198.51.100.1", "OPTIONS", "/mcp", foreign_wrong, 403},
      {"address before health", "198.51.100.1", "GET", "/health", foreign_wrong, 403},
      {"address before origin and key", "198.51.100.1", "POST", "/mcp", foreign_wrong, 403},
      {"preflight before origin, key and rate", "192.0.2.1", "OPTIONS", "/mcp", foreign_wrong, 204},
      {"health before origin, key and rate", "192.0.2.1", "GET", "/health", foreign_wrong, 0},
      {"ready before origin, key and rate", "192.0.2.1", "GET", "/ready", foreign_right, 0},
      {"origin before key", "192.0.2.1", "POST", "/mcp", foreign_wrong, 403},
      {"origin before rate", "192.0.2.1", "POST", "/mcp", foreign_right, 403},
      {"no key before rate", "192.0.2.1", "POST", "/mcp", {}, 401},
      {"a wrong key before rate", "192.0.2.2", "POST", "/mcp", wrong, 401},
      {"a wrong key beyond its budget", "192.0.2.1", "POST", "/mcp", wrong, 429},
      {"no key beyond the budget of wrong ones", "192.0.2.1", "POST", "/mcp", {}, 401},
      {"rate at the end", "192.0.2.1", "POST", "/mcp", right, 429},
      {"a right key elsewhere", "192.0.2.3", "POST", "/mcp", right, 0},
  };
  Door door(
      KeyList{key("alice", "secret-a")}, {"https://a.example"}, false, {"192.0.2.0/24"},
      {.address = {1, std::chrono::seconds(60)}, .wrong_keys = {1, std::chrono::seconds(60)}});
  // its budget is used up
  CHECK_FALSE(door.request(right, "POST", "/mcp", "192.0.2.1").answer);
  CHECK(door.request(wrong, "POST", "/mcp", "192.0.2.1").answer->status == 401);  // that one too
  for (const Row& row : rows) {
    INFO(row.what);
    const auto decision = door.request(row.headers, row.method, row.path, row.peer);
    CHECK((decision.answer ? decision.answer->status : 0) == row.status);
  }
}

TEST_CASE(
    "gate: a rate that is used up is 429 with when to come again; answers tell what is left") {
  Door door(KeyList{key("alice", "secret-a")}, {"*"}, false, {"*"},
            {.key = {2, std::chrono::seconds(60)}});
  const Headers right = {{"X-API-Key", "secret-a"}};
  const auto first = door.request(right);
  CHECK_FALSE(first.answer);
  CHECK(field(first.reply_fields, "X-RateLimit-Limit") == "2");
  CHECK(field(first.reply_fields, "X-RateLimit-Remaining") == "1");
  CHECK(field(first.reply_fields, "X-RateLimit-Reset") == "30");
  CHECK_FALSE(door.request(right).answer);
  door.timers.advance(std::chrono::milliseconds(500));
  const auto third = door.request(right);
  REQUIRE(third.answer);
  CHECK(third.answer->status == 429);
  CHECK(third.answer->retry_after == std::chrono::seconds(30));
  CHECK(third.answer->budget == "key");
  CHECK(field(third.reply_fields, "X-RateLimit-Remaining") == "0");
  CHECK(field(third.reply_fields, "Access-Control-Allow-Origin") == "*");
  CHECK(door.metrics.refused("rate_key").Value() == 1);
  CHECK_FALSE(door.request(right, "GET", "/health").answer);
  CHECK_FALSE(door.request(right, "GET", "/rate-limit-status").answer);
}

TEST_CASE("gate: a batch beyond the whole of a rate is refused for good, and names its setting") {
  const Rate rate{10, std::chrono::seconds(60)};
  const std::pair<access::Rates, const char*> rows[] = {
      {{.session = rate}, "MCP_RATE_LIMIT_PER_MIN"},
      {{.key = rate}, "MCP_RATE_LIMIT_PER_KEY"},
      {{.address = rate}, "MCP_RATE_LIMIT_PER_IP"},
      {{.session = {100, rate.window}, .address = rate}, "MCP_RATE_LIMIT_PER_IP"}};
  for (const auto& [rates, setting] : rows) {
    Door door(KeyList{key("alice", "secret-a")}, {"*"}, false, {"*"}, rates);
    door.session = {"id-1", "alice", "127.0.0.1"};
    const auto decision = door.request({{"X-API-Key", "secret-a"}});
    const auto refused = door.gate.charge_further(*decision.caller, "id-1", 10);
    CHECK(refused.retry_after);
    CHECK(refused.never ==
          "a batch of 11 messages never passes: " + std::string(setting) + " allows 10 in 60 s");
    door.timers.advance(std::chrono::seconds(60));
    CHECK(door.gate.charge_further(*decision.caller, "id-1", 9).never.empty());
    CHECK(door.gate.charge_further(*decision.caller, "id-1", 9).never.empty());
  }
}

TEST_CASE("gate: the further messages of a batch are charged all or none") {
  Door door(KeyList{key("alice", "secret-a")}, {"*"}, false, {"*"},
            {.key = {10, std::chrono::seconds(60)}});
  const auto decision = door.request({{"X-API-Key", "secret-a"}});
  const auto passed = door.gate.charge_further(*decision.caller, "id-1", 4);
  CHECK_FALSE(passed.retry_after);
  CHECK(field({nullptr, passed.fields}, "X-RateLimit-Remaining") == "5");
  const auto refused = door.gate.charge_further(*decision.caller, "id-1", 7);
  CHECK(refused.retry_after == std::chrono::seconds(12));  // for two more
  CHECK(field({nullptr, refused.fields}, "X-RateLimit-Remaining") == "5");
  CHECK(door.metrics.refused("rate_key").Value() == 1);
  CHECK_FALSE(door.gate.charge_further(*decision.caller, "id-1", 5).retry_after);
}

TEST_CASE(
    "gate: a session's budget is its own, for its owner; for others the id is no name of a "
    "budget") {
  Door door(KeyList{key("alice", "secret-a"), key("bob", "secret-b")}, {"*"}, false, {"*"},
            {.session = {1, std::chrono::seconds(60)}});
  const Headers alice = {{"X-API-Key", "secret-a"}};
  const Headers bob = {{"X-API-Key", "secret-b"}};
  CHECK_FALSE(door.request(alice).answer);
  CHECK(door.request(alice).answer->status == 429);
  door.session = access::KnownSession{"id-1", "alice", "192.0.2.1"};
  CHECK_FALSE(door.request(bob).answer);  // bob's own budget, not the session's
  CHECK_FALSE(door.request(alice).answer);
  CHECK(door.request(alice).answer->status == 429);
  CHECK(door.metrics.refused("rate_session").Value() == 2);
}

TEST_CASE(
    "gate: where the proxy names no client, a session's message counts for who opened the "
    "session") {
  Door door({}, {"*"}, false, {"192.0.2.1", "198.51.100.1"},
            {.address = {1, std::chrono::seconds(60)}});
  door.session = access::KnownSession{"id-1", "", "192.0.2.1"};
  const auto from_proxy = [&](Headers headers = {}) {
    return door.request(headers, "POST", "/message", "10.0.0.1");
  };
  const auto unsaid = from_proxy();
  CHECK_FALSE(unsaid.answer);
  CHECK(unsaid.caller->address == "192.0.2.1");
  CHECK_FALSE(unsaid.caller->loopback);
  CHECK(from_proxy().answer->status == 429);
  CHECK_FALSE(from_proxy({{"X-Forwarded-For", "198.51.100.1"}}).answer);  // named: that one's
  CHECK(from_proxy({{"X-Forwarded-For", "unknown"}}).answer->status == 403);
  door.session = access::KnownSession{"id-2", "", "198.51.100.1", true};
  CHECK(from_proxy().caller->loopback);
  door.session.reset();
  CHECK(from_proxy().answer->status == 403);  // the proxy itself is not on the list
}

TEST_CASE("gate: what is set holds from the next request on, and once closed it stays closed") {
  Door door({});
  CHECK_FALSE(door.request({}).answer);
  door.gate.set_everybody(only({"get_*"}));
  CHECK(door.request({}).caller->restricted());
  door.gate.set_everybody({});
  CHECK_FALSE(door.request({}).caller->restricted());

  door.gate.set_origins(access::Origins(Door::rules({"https://a.example"}, false, false)));
  CHECK(door.request({{"Origin", "https://b.example"}}).answer->status == 403);
  CHECK_FALSE(door.request({{"Origin", "https://a.example"}}).answer);

  door.gate.set_networks({access::AddressSet::parse({"192.0.2.0/24"}).value(),
                          access::AddressSet::parse({"198.51.100.1"}).value()});
  CHECK(door.request({}).answer->status == 403);
  CHECK_FALSE(
      door.request({{"X-Forwarded-For", "198.51.100.1"}}, "POST", "/message", "192.0.2.9").answer);
  door.gate.set_networks({{}, access::AddressSet::parse({"*"}).value()});

  door.gate.close();
  CHECK(door.gate.needs_key());
  CHECK(door.request({}).answer->status == 401);
  door.gate.set_keys(access::Keys({key("alice", "secret")}));
  CHECK_FALSE(door.request({{"X-API-Key", "secret"}}).answer);
  door.gate.set_keys(access::Keys({}));
  CHECK(door.request({{"X-API-Key", "secret"}}).answer->status == 401);
}
