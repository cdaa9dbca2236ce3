#include "access/gate.hpp"

#include <map>

#include "support/catch.hpp"

using namespace sidecar;
using Headers = std::map<std::string, std::string>;

namespace {

using KeyList = std::vector<access::StoredKey>;

access::StoredKey key(std::string name, std::string_view secret, config::Permissions may = {},
                      std::optional<access::WallTime> expires = {}) {
  return {std::move(name), access::hash_of(secret), expires,
          std::make_shared<config::Permissions>(std::move(may))};
}

config::Permissions only(std::vector<std::string> tools) {
  config::Permissions permissions;
  permissions.tools.allow = std::move(tools);
  return permissions;
}

struct Door {
  explicit Door(const KeyList& keys, std::vector<std::string> origins = {"*"}, bool loopback = false,
                config::Permissions everybody = {})
      : gate({access::Keys(keys), !keys.empty()}, std::move(everybody),
             access::Origins(std::move(origins), loopback, {"mcp.example.com:8443", "[2001:db8::5]:80"}),
             access::AddressSet::parse({"127.0.0.0/8", "::1"}).value(), log, metrics) {}

  access::Decision knock(Headers headers, std::string method = "POST", std::string path = "/message",
                         std::string peer = "127.0.0.1") {
    return gate.judge({method, path, peer,
                       [&](std::string_view name) -> std::string_view {
                         const auto found = headers.find(std::string(name));
                         return found == headers.end() ? std::string_view() : std::string_view(found->second);
                       },
                       url_key});
  }

  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  std::string url_key;
  access::Gate gate;
};

std::string field(const access::HeaderFields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

TEST_CASE("gate: a key is taken from Authorization, with and without Bearer, and from X-API-Key") {
  Door door(KeyList{key("alice", "secret-a"), key("bob", "secret-b")});
  for (const Headers& headers :
       {Headers{{"Authorization", "Bearer secret-b"}}, Headers{{"Authorization", "bearer  secret-b"}},
        Headers{{"Authorization", "secret-b"}}, Headers{{"X-API-Key", "secret-b"}}}) {
    const auto decision = door.knock(headers);
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
    const auto decision = door.knock(headers);
    REQUIRE(decision.answer);
    CHECK(decision.answer->status == 401);
    CHECK(decision.answer->message == message);
    CHECK(field(decision.answer->fields, "WWW-Authenticate") == "Bearer");
    CHECK_FALSE(decision.caller->has_key);
  }
  CHECK(door.metrics.refused("no_key").Value() == 2);
  CHECK(door.metrics.refused("wrong_key").Value() == 5);
}

TEST_CASE("gate: health and preflights need no key, but a key that is shown counts") {
  Door door(KeyList{key("alice", "secret-a")});
  CHECK_FALSE(door.knock({}, "GET", "/health").answer);
  CHECK_FALSE(door.knock({{"X-API-Key", "wrong"}}, "GET", "/health").answer);
  CHECK(door.knock({{"X-API-Key", "secret-a"}}, "GET", "/health").caller->has_key);
  CHECK_FALSE(door.knock({}, "GET", "/ready").answer);
  CHECK(door.knock({}, "GET", "/health/x").answer->status == 401);
  CHECK(door.knock({}, "POST", "/restart").answer->status == 401);
  const auto preflight = door.knock({{"Origin", "https://a.example"}}, "OPTIONS");
  REQUIRE(preflight.answer);
  CHECK(preflight.answer->status == 204);
  CHECK(field(preflight.answer->fields, "Access-Control-Max-Age") == "86400");
  CHECK(field(preflight.answer->fields, "Access-Control-Allow-Headers").find("X-MCP-Session-Id") !=
        std::string::npos);
  CHECK(field(preflight.reply_fields, "Access-Control-Allow-Origin") == "*");
}

TEST_CASE("gate: without keys everybody comes in, as nobody in particular") {
  Door door({});
  const auto decision = door.knock({{"Authorization", "Bearer whatever"}});
  CHECK_FALSE(decision.answer);
  CHECK(decision.caller->owner.empty());
  CHECK_FALSE(decision.caller->has_key);
}

TEST_CASE("gate: listed origins are echoed, others are refused, credentials are never allowed") {
  Door door({}, {"https://a.example"});
  const auto listed = door.knock({{"Origin", "https://a.example"}});
  CHECK_FALSE(listed.answer);
  CHECK(field(listed.reply_fields, "Access-Control-Allow-Origin") == "https://a.example");
  CHECK(field(listed.reply_fields, "Vary") == "Origin");
  const auto other = door.knock({{"Origin", "https://b.example"}});
  REQUIRE(other.answer);
  CHECK(other.answer->status == 403);
  CHECK(field(other.reply_fields, "Access-Control-Allow-Origin").empty());
  for (const auto& decision : {listed, other}) {
    CHECK(field(decision.reply_fields, "Access-Control-Allow-Credentials").empty());
  }
  CHECK_FALSE(door.knock({}).answer);
}

TEST_CASE(
    "gate: on loopback, a page under a foreign name is refused, whatever its origin; elsewhere names are "
    "free") {
  Door loopback({}, {"*"}, true);
  Door open({}, {"*"}, false);
  auto refused = [](Door& door, const char* host, const char* path = "/message") {
    const auto decision = door.knock({{"Origin", "http://evil.example"}, {"Host", host}}, "POST", path);
    return decision.answer && decision.answer->status == 403;
  };
  CHECK(refused(loopback, "evil.example"));
  CHECK(refused(loopback, "evil.example:3001"));
  CHECK(refused(loopback, "localhost.evil.example"));
  CHECK(refused(loopback, "127.0.0.1.evil.example"));
  CHECK(refused(loopback, ""));
  for (const char* host : {"localhost", "localhost:3001", "127.0.0.1:3001", "[::1]:3001", "mcp.example.com",
                           "mcp.example.com:8443", "[2001:db8::5]"}) {
    INFO(host);
    CHECK_FALSE(refused(loopback, host));
  }
  CHECK_FALSE(refused(open, "evil.example"));
  CHECK_FALSE(refused(loopback, "evil.example", "/health"));
  CHECK_FALSE(loopback.knock({{"Host", "evil.example"}}).answer);
}

TEST_CASE("gate: a key that has expired is refused, one that will expire is not") {
  const auto now = std::chrono::system_clock::now();
  Door door(
      {key("old", "a", {}, now - std::chrono::seconds(1)), key("new", "b", {}, now + std::chrono::hours(1))});
  CHECK(door.knock({{"X-API-Key", "a"}}).answer->status == 401);
  CHECK(door.metrics.refused("expired_key").Value() == 1);
  CHECK_FALSE(door.knock({{"X-API-Key", "b"}}).answer);
}

TEST_CASE("gate: while keys are needed and there is none, nobody comes in") {
  Door door({key("alice", "a")});
  door.gate.set_keys(access::Keys({}));
  CHECK(door.knock({{"X-API-Key", "a"}}).answer->status == 401);
  CHECK(door.knock({{"X-API-Key", ""}}).answer->status == 401);
  CHECK(door.knock({}).answer->status == 401);
}

TEST_CASE("gate: a key of the URL counts when no field holds one") {
  Door door({key("alice", "a"), key("bob", "b")});
  door.url_key = "b";
  CHECK(door.knock({}).caller->owner == "bob");
  CHECK(door.knock({{"X-API-Key", "a"}}).caller->owner == "alice");
  CHECK(door.knock({{"X-API-Key", "wrong"}}).answer->status == 401);
}

TEST_CASE("gate: a caller may what both its key and the whole sidecar allow") {
  Door door({key("alice", "a", only({"get_*"})), key("bob", "b")}, {"*"}, false, only({"*_user"}));
  constexpr auto kTools = &config::Permissions::tools;
  const auto alice = door.knock({{"X-API-Key", "a"}}).caller, bob = door.knock({{"X-API-Key", "b"}}).caller;
  CHECK(alice->may(kTools, "get_user"));
  CHECK_FALSE(alice->may(kTools, "get_all"));
  CHECK_FALSE(alice->may(kTools, "delete_user"));
  CHECK(bob->may(kTools, "delete_user"));
  CHECK_FALSE(bob->may(kTools, "get_all"));
  CHECK(bob->restricted());
  CHECK_FALSE(Door({key("bob", "b")}).knock({{"X-API-Key", "b"}}).caller->restricted());
}

TEST_CASE("gate: an administrator is who its key says, and without keys a program of this machine itself") {
  config::Permissions admin;
  admin.admin = true;
  Door keys({key("root", "r", admin), key("bob", "b")});
  CHECK(keys.knock({{"X-API-Key", "r"}}, "POST", "/restart", "203.0.113.1").caller->admin);
  CHECK_FALSE(keys.knock({{"X-API-Key", "b"}}).caller->admin);
  CHECK_FALSE(keys.knock({}, "GET", "/health").caller->admin);

  Door open({});
  CHECK(open.knock({}).caller->admin);
  CHECK_FALSE(open.knock({}, "POST", "/restart", "203.0.113.1").caller->admin);
  for (const char* name : {"Origin", "X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"}) {
    INFO(name);
    CHECK_FALSE(open.knock({{name, "127.0.0.1"}}).caller->admin);
  }
}

TEST_CASE("address: forwarded fields are believed only from trusted proxies, from the nearest outwards") {
  const auto trusted = access::AddressSet::parse({"127.0.0.0/8", "::1", "10.0.0.0/8"}).value();
  auto effective = [&](const char* peer, const char* forwarded_for, const char* real_ip = "") {
    return access::effective_address(peer, forwarded_for, real_ip, trusted);
  };
  CHECK(effective("203.0.113.9", "198.51.100.1") == "203.0.113.9");
  CHECK(effective("127.0.0.1", "198.51.100.1") == "198.51.100.1");
  CHECK(effective("127.0.0.1", "198.51.100.1, 203.0.113.7, 10.1.2.3") == "203.0.113.7");
  CHECK(effective("127.0.0.1", "198.51.100.1, junk, 10.1.2.3") == "10.1.2.3");
  CHECK(effective("127.0.0.1", "10.1.1.1") == "10.1.1.1");
  CHECK(effective("127.0.0.1", "", "198.51.100.2") == "198.51.100.2");
  CHECK(effective("127.0.0.1", "", "junk") == "127.0.0.1");
  CHECK(effective("::ffff:127.0.0.1", "[2001:db8::1]:443") == "2001:db8::1");
  CHECK(effective("::1", "198.51.100.1:5555") == "198.51.100.1");
  CHECK(effective("127.0.0.1", "") == "127.0.0.1");
  CHECK(effective("::ffff:203.0.113.9", "") == "203.0.113.9");
}

TEST_CASE("address: sets know addresses, networks and everything; nonsense is named") {
  const auto set = access::AddressSet::parse({"192.0.2.7", "198.51.100.0/24", "2001:db8::/32"}).value();
  auto has = [&](const char* text) { return set.contains(boost::asio::ip::make_address(text)); };
  CHECK(has("192.0.2.7"));
  CHECK(has("::ffff:192.0.2.7"));
  CHECK(has("198.51.100.255"));
  CHECK(has("2001:db8:1::1"));
  CHECK_FALSE(has("192.0.2.8"));
  CHECK_FALSE(has("2001:db9::1"));
  CHECK(access::AddressSet::parse({"*"})->contains(boost::asio::ip::make_address("8.8.8.8")));
  for (const char* bad : {"", "300.1.1.1", "10.0.0.0/33", "x", "::1/129", "10.0.0.0/x"}) {
    INFO(bad);
    CHECK_FALSE(access::AddressSet::parse({bad}));
  }
  CHECK(access::is_loopback("127.9.9.9"));
  CHECK(access::is_loopback("::1"));
  CHECK_FALSE(access::is_loopback("10.0.0.1"));
}
