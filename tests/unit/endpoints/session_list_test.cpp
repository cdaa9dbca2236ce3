#include "endpoints/ops/session_list.hpp"

#include <nlohmann/json.hpp>

#include "support/fake_exchange.hpp"
#include "unit/session/world.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using nlohmann::json;
using test::ask;

namespace {

observe::Caller caller(const char* owner, bool admin = false, const char* address = "192.0.2.9") {
  return {owner, address, *owner != '\0', false, admin};
}

struct ListWorld : test::SessionWorld {
  json list(const observe::Caller& who) {
    const auto outcome = ask(pages.routes(), "GET", "/sessions", {}, who);
    REQUIRE(outcome->reply().status == 200);
    CHECK(outcome->field("Cache-Control") == "no-store");
    return json::parse(outcome->reply().body);
  }
  int end(const std::string& id, const observe::Caller& who) {
    return ask(pages.routes(), "DELETE", "/sessions/" + id, {}, who)->reply().status;
  }

  endpoints::SessionList pages{sessions, timers, log};
};

std::string shown(const session::Session& session) {
  return std::string(session::SessionTable::shown(session.id()));
}

}  // namespace

TEST_CASE("session list: shows a session and its traffic, with a shortened id") {
  ListWorld w;
  test::BareSession& session = w.open("alice");
  test::Delivered delivered;
  const std::string initialize =
      R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"n8n","version":"1.2"}}})";
  REQUIRE(session.receive(test::parsed(initialize), delivered.into()));
  const std::string call =
      R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a"}})";
  REQUIRE(session.receive(test::parsed(call), delivered.into()));
  w.timers.advance(61s);

  const json body = w.list(caller("alice"));
  CHECK(body["count"] == 1);
  CHECK(body["sessions"][0] == json{{"id", shown(session)},
                                    {"key", "alice"},
                                    {"address", "192.0.2.1"},
                                    {"client", {{"name", "n8n"}, {"version", "1.2"}}},
                                    {"transport", "bare"},
                                    {"protocolVersion", "2025-06-18"},
                                    {"child", session.instance()},
                                    {"age", 61},
                                    {"idle", 0},
                                    {"calls", 2},
                                    {"inFlight", 1},
                                    {"bytesIn", initialize.size() + call.size()},
                                    {"bytesOut", 0},
                                    {"server", "default"}});
  w.answer("{}");
  session.on_message("12345");
  w.timers.advance(5s);
  const json later = w.list(caller("alice"))["sessions"][0];
  CHECK(later["inFlight"] == 0);
  CHECK(later["idle"] == 5);
  CHECK(later["bytesOut"] == 5);
}

TEST_CASE("session list: callers see their own sessions, administrators all, oldest first") {
  ListWorld w;
  const std::string first = shown(w.open("bob"));
  w.timers.advance(1s);
  const std::string second = shown(w.open("alice"));
  w.timers.advance(1s);
  const std::string third = shown(w.open("alice"));
  const auto ids = [&](const observe::Caller& who) {
    std::vector<std::string> all;
    const json body = w.list(who);
    for (const json& each : body["sessions"]) all.push_back(each["id"]);
    return all;
  };
  CHECK(ids(caller("alice")) == std::vector{second, third});
  CHECK(ids(caller("bob")) == std::vector{first});
  CHECK(ids(caller("carol")).empty());
  CHECK(ids(caller("root", true)) == std::vector{first, second, third});
}

TEST_CASE("session list: without keys, own sessions are those of the same address") {
  ListWorld w;
  w.open("", "192.0.2.1");
  CHECK(w.list(caller("", false, "192.0.2.1"))["count"] == 1);
  CHECK(w.list(caller("", false, "192.0.2.2"))["count"] == 0);
  CHECK(w.list(caller("", true, "127.0.0.1"))["count"] == 1);
}

TEST_CASE("session list: an administrator ends a session by its whole or shortened id") {
  ListWorld w;
  const std::string one = w.open("alice").id();
  const std::string other = shown(w.open("bob"));
  CHECK(w.pages.routes()[0].rules.access == Access::kClient);
  CHECK(w.pages.routes()[1].rules.access == Access::kAdmin);
  CHECK(w.end(one.substr(0, 7), caller("root", true)) == 404);
  CHECK(w.end("", caller("root", true)) == 404);
  CHECK(w.sessions.size() == 2);
  CHECK(w.end(one, caller("root", true)) == 204);
  CHECK(w.end(one, caller("root", true)) == 404);
  CHECK(w.end(other + "//", caller("root", true)) == 404);
  CHECK(w.end(other + "/", caller("root", true)) == 204);
  CHECK(w.sessions.size() == 0);
}
