#include "gate_world.hpp"

using namespace sidecar;
using namespace sidecar::test::gate;

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
