#include "access/gate.hpp"

#include <map>

#include "support/catch.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;
using Headers = std::map<std::string, std::string>;

namespace {

using KeyList = std::vector<access::StoredKey>;

access::StoredKey key(std::string name, std::string_view secret, config::Permissions may = {},
                      std::optional<std::chrono::sys_seconds> expires = {}) {
  return {std::move(name), access::hash_of(secret), expires,
          std::make_shared<config::Permissions>(std::move(may))};
}

config::Permissions only(std::vector<std::string> tools) {
  config::Permissions permissions;
  permissions.tools.allow = std::move(tools);
  return permissions;
}

struct Door {
  explicit Door(const KeyList& keys, std::vector<std::string> origins = {"*"},
                bool loopback = false, const std::vector<std::string>& allowed = {"*"},
                const access::Rates& rates = {}, config::Permissions everybody = {},
                bool pages = true, bool open_admin = false)
      : limits(rates, timers),
        gate({access::Keys(keys),
              !keys.empty(),
              nullptr,
              {},
              pages,
              access::hash_of("start"),
              open_admin},
             std::move(everybody),
             access::Origins(rules(std::move(origins), loopback, keys.empty())),
             {access::AddressSet::parse({"127.0.0.0/8", "::1", "10.0.0.0/8"}).value(),
              access::AddressSet::parse(allowed).value()},
             limits, refusals, metrics) {}

  static access::OriginRules rules(std::vector<std::string> origins, bool loopback, bool open) {
    access::OriginRules all;
    all.allowed = std::move(origins);
    all.hosts = {"mcp.example.com:8443", "[2001:db8::5]:80"};
    all.open = open;
    if (loopback) all.host_check = open ? access::HostCheck::kAll : access::HostCheck::kPages;
    return all;
  }

  access::Decision request(Headers headers, std::string method = "POST",
                           std::string path = "/message", std::string peer = "127.0.0.1") {
    const auto header = [&](std::string_view name) -> std::string_view {
      const auto found = headers.find(std::string(name));
      return found == headers.end() ? std::string_view() : std::string_view(found->second);
    };
    return gate.judge({method, path, peer, header,
                       [&](std::string_view name) {
                         std::string all(header(name));
                         if (name == repeated) all += ", another";
                         return all;
                       },
                       [this](std::string_view name) { return name == repeated; },
                       [this] { return session; }, url_key});
  }

  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::RateLimitedLog refusals{log, timers};
  observe::Metrics metrics;
  std::optional<access::KnownSession> session;  // that the requests name
  access::RateLimits limits;
  std::string url_key;
  std::string_view repeated;  // field that the requests have twice
  access::Gate gate;
};

std::string field(const ReplyFields& fields, std::string_view name) {
  std::string value;
  fields.for_each([&](const Field& each) {
    if (each.name == name) value = each.value;
  });
  return value;
}

}  // namespace

TEST_CASE("gate: a key is taken from Authorization, with and without Bearer, and from X-API-Key") {
  Door door(KeyList{key("alice", "secret-a"), key("bob", "secret-b")});
  for (const Headers& headers :
       {Headers{{"Authorization", "Bearer secret-b"}},
        Headers{{"Authorization", "bearer  secret-b"}}, Headers{{"Authorization", "secret-b"}},
        Headers{{"X-API-Key", "secret-b"}}}) {
    const auto decision = door.request(headers);
    CHECK_FALSE(decision.answer);
    CHECK(decision.caller->owner == "bob");
    CHECK(decision.caller->has_key);
  }
}

TEST_CASE("gate: no key and a wrong key are refused with the texts that clients know") {
  Door door(KeyList{key("alice", "secret-a")});
  const std::pair<Headers, const char*> rows[] = {
      {{}, "Valid API key required"},
      {{{"Authorization", "Bearer wrong"}}, "Valid API key required"},
      {{{"Authorization", "Bearer "}}, "Valid API key required"},
      {{{"Authorization", "Bearer secret-a "}}, "Valid API key required"},
      {{{"Authorization", "Basic secret-a"}}, "Valid API key required"},
      {{{"X-API-Key", "secret-"}}, "Invalid API key"},
      {{{"X-API-Key", "alice"}}, "Invalid API key"},
  };
  for (const auto& [headers, message] : rows) {
    const auto decision = door.request(headers);
    REQUIRE(decision.answer);
    CHECK(decision.answer->status == 401);
    CHECK(decision.answer->message == message);
    CHECK(field({.own = decision.answer->fields}, "WWW-Authenticate") == "Bearer");
    CHECK_FALSE(decision.caller->has_key);
  }
  CHECK(door.metrics.refused("no_key").Value() == 2);
  CHECK(door.metrics.refused("wrong_key").Value() == 5);
}

TEST_CASE("gate: two fields of a key are refused, with keys and without") {
  for (const KeyList& keys : {KeyList{key("alice", "secret-a")}, KeyList{}}) {
    Door door(keys);
    for (const char* name : {"Authorization", "X-API-Key"}) {
      door.repeated = name;
      for (const char* path : {"/message", "/health", "/calls"}) {
        const auto refused = door.request({{name, "secret-a"}}, "POST", path);
        CHECK(refused.answer->status == 400);
        CHECK(refused.answer->message == "More than one " + std::string(name) + " field");
      }
    }
    door.repeated = {};
    CHECK_FALSE(door.request({{"Authorization", "Basic x"}, {"X-API-Key", "secret-a"}}).answer);
  }
}

TEST_CASE("gate: health and preflights need no key, but a key that is shown counts") {
  Door door(KeyList{key("alice", "secret-a")});
  CHECK_FALSE(door.request({}, "GET", "/health").answer);
  CHECK_FALSE(door.request({{"X-API-Key", "wrong"}}, "GET", "/health").answer);
  CHECK(door.request({{"X-API-Key", "secret-a"}}, "GET", "/health").caller->has_key);
  CHECK_FALSE(door.request({}, "GET", "/ready").answer);
  CHECK(door.request({}, "GET", "/health/x").answer->status == 401);
  CHECK(door.request({}, "POST", "/restart").answer->status == 401);
  const auto preflight = door.request({{"Origin", "https://a.example"}}, "OPTIONS");
  REQUIRE(preflight.answer);
  CHECK(preflight.answer->status == 204);
  CHECK(field({.own = preflight.answer->fields}, "Access-Control-Max-Age") == "86400");
  CHECK(field({.own = preflight.answer->fields}, "Access-Control-Allow-Headers")
            .find("X-MCP-Session-Id") != std::string::npos);
  CHECK(field(preflight.reply_fields, "Access-Control-Allow-Origin") == "*");
}

TEST_CASE("gate: without keys everybody comes in, as nobody in particular") {
  Door door({});
  const auto decision = door.request({{"Authorization", "Bearer whatever"}});
  CHECK_FALSE(decision.answer);
  CHECK(decision.caller->owner.empty());
  CHECK_FALSE(decision.caller->has_key);
}

TEST_CASE("gate: listed origins are echoed, others are refused, credentials are never allowed") {
  Door door({}, {"https://a.example"});
  const auto listed =
      door.request({{"Origin", "https://a.example"}, {"Content-Type", "application/json"}});
  CHECK_FALSE(listed.answer);
  CHECK(field(listed.reply_fields, "Access-Control-Allow-Origin") == "https://a.example");
  CHECK(field(listed.reply_fields, "Vary") == "Origin");
  const auto other = door.request({{"Origin", "https://b.example"}});
  REQUIRE(other.answer);
  CHECK(other.answer->status == 403);
  CHECK(field(other.reply_fields, "Access-Control-Allow-Origin").empty());
  for (const auto& decision : {listed, other}) {
    CHECK(field(decision.reply_fields, "Access-Control-Allow-Credentials").empty());
  }
  CHECK_FALSE(door.request({}).answer);
}

TEST_CASE(
    "gate: on loopback a page under a foreign name is refused, and without keys every request is") {
  Door loopback({}, {"*"}, true), keyed(KeyList{key("alice", "secret-a")}, {"*"}, true),
      open({}, {"*"});
  const auto status = [](Door& door, const char* host, const char* origin,
                         const char* path = "/tools") {
    const auto decision =
        door.request({{"Origin", origin}, {"Host", host}, {"X-API-Key", "secret-a"}}, "GET", path);
    return decision.answer ? decision.answer->status : 200;
  };
  const char* const page = "http://evil.example";
  for (const char* host :
       {"evil.example", "evil.example:3001", "localhost.evil.example", "127.0.0.1.nip.io",
        "[::1%25evil]", "[::1].evil.example", "user@localhost", "2130706433", "0x7f.1"}) {
    INFO(host);
    CHECK(status(loopback, host, page) == 403);
    CHECK(status(loopback, host, "") == 403);
    CHECK(status(keyed, host, page) == 403);
    CHECK(status(keyed, host, "") == 200);
    CHECK(status(open, host, page) == 200);
    CHECK(status(loopback, host, page, "/health") == 200);
  }
  for (const char* host :
       {"localhost", "localhost:3001", "LOCALHOST.", "127.0.0.1:3001", "[::1]:3001", "192.0.2.1",
        "mcp.example.com", "mcp.example.com:8443", "[2001:db8::5]"}) {
    INFO(host);
    CHECK(status(loopback, host, page) == 200);
    CHECK(status(loopback, host, "") == 200);
    CHECK(status(keyed, host, page) == 200);
  }
  CHECK(status(loopback, "", page) == 403);
  CHECK(status(loopback, "", "") == 200);  // HTTP/1.0; no browser's
  const auto refused = loopback.request({{"Host", "evil.example"}}, "GET", "/tools");
  CHECK(refused.answer->message.find("MCP_ALLOWED_HOSTS") != std::string::npos);
  CHECK(loopback.metrics.refused("host").Value() > 0);
}

TEST_CASE("gate: without keys a page's POST must be JSON, for which its browser asks first") {
  Door open({}, {"https://app.example"}),
      keyed(KeyList{key("alice", "secret-a")}, {"https://app.example"});
  const auto status = [](Door& door, const char* type, const char* method = "POST") {
    const auto decision = door.request(
        {{"Origin", "https://app.example"}, {"Content-Type", type}, {"X-API-Key", "secret-a"}},
        method);
    return decision.answer ? decision.answer->status : 200;
  };
  for (const char* type :
       {"application/json", "Application/JSON; charset=utf-8", "application/json ;x=y"}) {
    INFO(type);
    CHECK(status(open, type) == 200);
  }
  for (const char* type :
       {"", "text/plain", "text/plain;application/json", "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded", "application/jsonp"}) {
    INFO(type);
    CHECK(status(open, type) == 415);
    CHECK(status(open, type, "GET") == 200);
    CHECK(status(keyed, type) == 200);
  }
  CHECK_FALSE(open.request({{"Content-Type", "text/plain"}}).answer);  // no page
}

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
    "gate: a wrong key is 401 until its address has shown too many, and never holds up a right "
    "one") {
  Door door(KeyList{key("alice", "secret-a")}, {"*"}, false, {"*"},
            {.wrong_keys = {3, std::chrono::seconds(60)}});
  const Headers wrong = {{"Authorization", "Bearer guess"}};
  for (int i = 0; i < 3; ++i) CHECK(door.request(wrong).answer->status == 401);
  const auto over = door.request(wrong);
  REQUIRE(over.answer);
  CHECK(over.answer->status == 429);
  CHECK(over.answer->message == "Rate limit exceeded");
  CHECK(over.answer->retry_after == std::chrono::seconds(20));
  CHECK(field(over.reply_fields, "X-RateLimit-Limit") == "3");
  CHECK(field(over.reply_fields, "X-RateLimit-Remaining") == "0");
  CHECK(field(over.reply_fields, "X-RateLimit-Reset") == "60");
  const auto right = door.request({{"Authorization", "Bearer secret-a"}});
  CHECK_FALSE(right.answer);
  CHECK(field(right.reply_fields, "X-RateLimit-Limit").empty());
  CHECK(door.request(wrong, "POST", "/message", "192.0.2.1").answer->status == 401);
  CHECK(door.metrics.refused("rate_wrong_keys").Value() == 1);
  door.timers.advance(std::chrono::seconds(20));
  CHECK(door.request(wrong).answer->status == 401);
}

TEST_CASE("gate: guesses at /health count as wrong keys, though it answers") {
  Door door(KeyList{key("alice", "secret-a")}, {"*"}, false, {"*"},
            {.wrong_keys = {1, std::chrono::seconds(60)}});
  CHECK_FALSE(door.request({{"X-API-Key", "guess"}}, "GET", "/health").answer);
  CHECK_FALSE(door.request({{"X-API-Key", "guess"}}, "GET", "/health").answer);
  CHECK(door.request({{"X-API-Key", "guess"}}).answer->status == 429);
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
  CHECK(field(third.reply_fields, "X-RateLimit-Remaining") == "0");
  CHECK(field(third.reply_fields, "Access-Control-Allow-Origin") == "*");
  CHECK(door.metrics.refused("rate_key").Value() == 1);
  CHECK_FALSE(door.request(right, "GET", "/health").answer);
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

TEST_CASE("gate: a key that has expired is refused, one that will expire is not") {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  Door door({key("old", "a", {}, now - std::chrono::seconds(1)),
             key("new", "b", {}, now + std::chrono::hours(1))});
  CHECK(door.request({{"X-API-Key", "a"}}).answer->status == 401);
  CHECK(door.metrics.refused("expired_key").Value() == 1);
  CHECK_FALSE(door.request({{"X-API-Key", "b"}}).answer);
}

TEST_CASE("gate: while keys are needed and there is none, nobody comes in") {
  Door door({key("alice", "a")});
  door.gate.set_keys(access::Keys({}));
  CHECK(door.request({{"X-API-Key", "a"}}).answer->status == 401);
  CHECK(door.request({{"X-API-Key", ""}}).answer->status == 401);
  CHECK(door.request({}).answer->status == 401);
}

TEST_CASE("gate: a key of the URL counts when no field holds one") {
  Door door({key("alice", "a"), key("bob", "b")});
  door.url_key = "b";
  CHECK(door.request({}).caller->owner == "bob");
  CHECK(door.request({{"X-API-Key", "a"}}).caller->owner == "alice");
  CHECK(door.request({{"X-API-Key", "wrong"}}).answer->status == 401);
}

TEST_CASE("gate: a caller may what both its key and the whole sidecar allow") {
  Door door({key("alice", "a", only({"get_*"})), key("bob", "b")}, {"*"}, false, {"*"}, {},
            only({"*_user"}));
  constexpr auto kTools = &config::Permissions::tools;
  const auto alice = door.request({{"X-API-Key", "a"}}).caller,
             bob = door.request({{"X-API-Key", "b"}}).caller;
  CHECK(alice->may(kTools, "get_user"));
  CHECK_FALSE(alice->may(kTools, "get_all"));
  CHECK_FALSE(alice->may(kTools, "delete_user"));
  CHECK(bob->may(kTools, "delete_user"));
  CHECK_FALSE(bob->may(kTools, "get_all"));
  CHECK(bob->restricted());
  CHECK_FALSE(Door({key("bob", "b")}).request({{"X-API-Key", "b"}}).caller->restricted());
}

TEST_CASE(
    "gate: an administrator is who its key says, and without keys who shows the start token") {
  config::Permissions admin;
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
    CHECK_FALSE(open.request({}, "POST", "/restart", peer).caller->admin);
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
  CHECK_FALSE(open.request(wrong, "GET", "/sessions").answer);
  for (const char* path : {"/restart", "/sessions/1"})
    CHECK(open.request(wrong, "GET", path).answer->status == 401);
  for (const char* path : {"/calls", "/logs", "/metrics", "/dashboard/events"})
    CHECK(open.request(wrong, "GET", path).answer->status == 429);
  CHECK_FALSE(open.request({{"Authorization", "Bearer start"}}, "GET", "/calls").answer);
  CHECK_FALSE(open.request({}, "GET", "/calls").answer);
  CHECK(open.metrics.refused("wrong_key").Value() == 2);
}

TEST_CASE("gate: MCP_OPEN_ADMIN lets a program of this machine administrate") {
  Door open({}, {"*"}, false, {"*"}, {}, {}, true, true);
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
  Door open({}, {"*"}, false, {"*"}, {}, {}, true, true);
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

TEST_CASE(
    "gate: the dashboard's pages need no key, but pass the address list, the origin rule and "
    "rates") {
  const KeyList keys{key("alice", "secret-a")};
  Door door(keys, {"https://app.example"}, false, {"192.0.2.0/24"},
            access::Rates{{}, {}, {2, std::chrono::minutes(1)}, {}});
  const auto request = [](Door& at, const char* path, Headers headers = {},
                          const char* peer = "192.0.2.1") {
    const auto decision = at.request(std::move(headers), "GET", path, peer);
    return decision.answer ? decision.answer->status : 200;
  };
  CHECK(request(door, "/", {}, "203.0.113.1") == 403);
  CHECK(request(door, "/", {{"Origin", "https://evil.example"}}) == 403);
  CHECK(request(door, "/", {{"X-API-Key", "wrong"}}) == 200);
  CHECK(door.metrics.refused("wrong_key").Value() == 1);
  CHECK(request(door, "/docs") == 200);
  CHECK(request(door, "/assets/app-12345678.js") == 429);
  for (const char* path : {"/assets/a", "/assets/", "/docs", "/"})
    CHECK(request(door, path, {}, "192.0.2.2") != 401);
  Door again(keys);
  for (const char* path : {"/assets", "/docs/", "/docs/x", "//", "/index.html", "/dashboard/events",
                           "/calls", "/logs", "/assetsx"}) {
    INFO(path);
    CHECK(request(again, path) == 401);
  }
  Door without(keys, {"*"}, false, {"*"}, {}, {}, false);
  for (const char* path : {"/", "/docs", "/assets/a"}) CHECK(request(without, path) == 401);
}

TEST_CASE(
    "gate: an administrator is one no longer once its key is gone, has expired or has lost the "
    "right") {
  config::Permissions admin;
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

TEST_CASE("gate: what a caller may now is what its key permits now, and what everybody may") {
  const auto narrowed = [](std::vector<std::string> tools) {
    access::StoredKey narrow = key("alice", "first");
    narrow.permissions = std::make_shared<config::Permissions>(only(std::move(tools)));
    return narrow;
  };
  Door door({key("alice", "first"), key("alice", "second")});
  const observe::Caller alice = *door.request({{"X-API-Key", "first"}}).caller;
  const auto may = [&](const char* tool) {
    return door.gate.present(alice)->may(&config::Permissions::tools, tool);
  };
  CHECK(*door.gate.present(alice) == alice);
  CHECK(may("set_x"));
  door.gate.set_keys(access::Keys({narrowed({"get_*"}), key("alice", "second")}));
  CHECK(may("get_x"));
  CHECK_FALSE(may("set_x"));
  door.gate.set_everybody(only({"*_x"}));
  CHECK(may("get_x"));
  CHECK_FALSE(may("get_y"));
  door.gate.set_everybody({});
  CHECK(may("get_y"));

  // Its key is gone: it may what all other keys of its name may.
  access::StoredKey other = narrowed({"get_*", "set_*"}), third = narrowed({"get_*"});
  other.hash = access::hash_of("second");
  third.hash = access::hash_of("third");
  door.gate.set_keys(access::Keys({other, third}));
  CHECK(may("get_x"));
  CHECK_FALSE(may("set_x"));
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
