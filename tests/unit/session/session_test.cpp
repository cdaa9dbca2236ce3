#include "session/session.hpp"

#include "unit/session/world.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using namespace sidecar::test;

namespace {

std::string initialize(const std::string& version, const std::string& info) {
  return R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":")" +
         version + R"(","capabilities":{},"clientInfo":)" + info + "}}";
}

const std::string kCall = R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}})";
const std::string kPing = R"({"jsonrpc":"2.0","id":9,"method":"ping"})";

}  // namespace

TEST_CASE(
    "session: it takes its place at an instance with its first message, a ping before that takes "
    "none") {
  SessionWorld w;
  BareSession& session = w.open();
  CHECK(session.instance().empty());
  Delivered pinged;
  REQUIRE(session.receive(parsed(kPing), pinged.into()));
  CHECK(pinged.text() == R"({"jsonrpc":"2.0","id":9,"result":{}})");
  CHECK(session.instance().empty());
  CHECK(w.instances.status().front().sessions == 0);
  REQUIRE(session.receive(parsed(R"({"jsonrpc":"2.0","method":"notifications/initialized"})"),
                          nullptr));
  CHECK(session.instance() == "child");
  CHECK(w.instances.status().front().sessions == 1);
  w.sessions.end(session.id(), "a test");
  CHECK(w.instances.status().front().sessions == 0);
}

TEST_CASE(
    "session: it learns its revision from the answer to initialize, and who its client is from the "
    "request") {
  SessionWorld w;
  BareSession& session = w.open();
  CHECK(session.version().empty());
  Delivered made;
  REQUIRE(session.receive(parsed(initialize("2099-01-01", R"({"name":"n\u00e9","version":"1"})")),
                          made.into()));
  CHECK(session.version() == "2025-11-25");
  CHECK(session.source().client_name == "né");
  CHECK(session.source().client_version == "1");
}

TEST_CASE(
    "session: what a client says of itself is cut to a sensible length, and may be nonsense") {
  SessionWorld w;
  for (const auto& [info, name] : std::vector<std::pair<std::string, std::string>>{
           {"5", ""},
           {R"({"name":5,"version":[]})", ""},
           {R"({"name":")" + std::string(2000, 'x') + R"("})", ""},
           {R"({"name":")" + std::string(500, 'x') + R"("})", std::string(200, 'x')},
           {R"({"name":"x)" +
                [] {
                  std::string many;
                  for (int i = 0; i < 150; ++i) many += "é";
                  return many;
                }() +
                R"("})",
            "x" +
                [] {
                  std::string many;
                  for (int i = 0; i < 99; ++i) many += "é";
                  return many;
                }()}}) {
    BareSession& session = w.open();
    Delivered made;
    REQUIRE(session.receive(parsed(initialize("2025-06-18", info)), made.into()));
    CHECK(session.source().client_name == name);
    CHECK(session.version() == "2025-06-18");
  }
}

TEST_CASE(
    "session: a second request under an id in flight is refused, and nothing is called for it") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered first, second;
  REQUIRE(session.receive(parsed(kCall), first.into()));
  CHECK_FALSE(session.receive(parsed(kCall), second.into()));
  w.answer("{}");
  CHECK(first.answers.size() == 1);
  CHECK(second.answers.empty());
  CHECK(session.receive(parsed(kCall), second.into()));
}

TEST_CASE(
    "session: what is named as a request but has no id is dropped and counted, and takes no "
    "place") {
  SessionWorld w;
  BareSession& session = w.open();
  for (const char* name :
       {"tools/call", "initialize", "ping", "notification/x", "unheard/of", ""}) {
    REQUIRE(session.receive(parsed(R"({"jsonrpc":"2.0","method":")" + std::string(name) +
                                   R"(","params":{"name":"t"}})"),
                            nullptr));
  }
  CHECK(w.metrics.dropped("request_without_id").Value() == 6);
  CHECK(w.link->sent.empty());
  CHECK(session.instance().empty());
  REQUIRE(
      session.receive(parsed(R"({"jsonrpc":"2.0","method":"notifications/unheard"})"), nullptr));
  CHECK(w.link->next() == R"({"jsonrpc":"2.0","method":"notifications/unheard"})");
}

TEST_CASE(
    "session: a request with the name of a notification is refused, and another's call goes on") {
  SessionWorld w;
  BareSession& victim = w.open("alice");
  BareSession& session = w.open("bob");
  Delivered called, refused;
  REQUIRE(victim.receive(parsed(kCall), called.into()));
  const std::string id(parsed(w.link->next()).id());
  for (const char* name :
       {"notifications/cancelled", "notifications/\\u0063ancelled", "notifications/"}) {
    const auto received =
        session.receive(parsed(R"({"jsonrpc":"2.0","id":5,"method":")" + std::string(name) +
                               R"(","params":{"requestId":)" + id + "}}"),
                        refused.into());
    REQUIRE_FALSE(received);
    CHECK(received.error().message.find("a request must not be named \"notifications/") == 0);
  }
  CHECK(refused.answers.empty());
  CHECK(w.link->sent.empty());
  w.link->say(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{}})");
  CHECK(called.text() == R"({"jsonrpc":"2.0","id":1,"result":{}})");
}

TEST_CASE("session: a call that its client withdraws is answered as cancelled, with no text") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered call;
  REQUIRE(session.receive(parsed(kCall), call.into()));
  REQUIRE(session.receive(
      parsed(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})"),
      nullptr));
  REQUIRE(call.answers.size() == 1);
  CHECK(call.answers[0].outcome == mux::Outcome::kCancelled);
  CHECK(call.answers[0].text.empty());
}

TEST_CASE(
    "session: progress goes to who takes it, and messages that belong to no call to the session") {
  SessionWorld w;
  BareSession& session = w.open();
  std::vector<std::string> told;
  Delivered call;
  REQUIRE(session.receive(
      parsed(
          R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","_meta":{"progressToken":"p"}}})"),
      call.into(), [&told](std::string text) { told.push_back(std::move(text)); }));
  const jsonrpc::Message line = parsed(w.link->next());
  w.link->say(
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":)" +
      std::string(line.envelope.progress_token.in(line.text)) + "}}");
  w.link->say(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
  CHECK(told.size() == 1);
  CHECK(session.messages.size() == 1);
}

TEST_CASE(
    "session: a session that has ended is never called back, and its calls are cancelled at the "
    "child") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered call;
  REQUIRE(session.receive(parsed(kCall), call.into()));
  const jsonrpc::Message line = parsed(w.link->next());
  w.sessions.end(session.id(), "a test");
  CHECK(parsed(w.link->next()).method() == "notifications/cancelled");
  w.link->say(R"({"jsonrpc":"2.0","id":)" + std::string(line.id()) + R"(,"result":{}})");
  CHECK(call.answers.empty());
}

TEST_CASE(
    "session_table: an idle session ends; a message keeps it, a ping too, and a call in flight") {
  SessionWorld w({.sessions = 10, .idle = 8s});
  const std::string silent = w.open().id(), pinging = w.open().id(), talking = w.open().id();
  BareSession& waiting = w.open();
  Delivered call, pings;
  REQUIRE(waiting.receive(parsed(kCall), call.into()));
  const auto tell = [&](const std::string& id, const std::string& text) {
    if (session::Session* session = w.sessions.find(id))
      REQUIRE(session->receive(parsed(text), pings.into()));
  };
  for (int i = 0; i < 8; ++i) {
    w.timers.advance(2s);
    tell(pinging, kPing);
    tell(talking, R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  }
  CHECK(w.sessions.find(silent) == nullptr);
  CHECK(w.sessions.find(pinging) != nullptr);
  CHECK(w.sessions.find(talking) != nullptr);
  CHECK(w.sessions.find(waiting.id()) == &waiting);
  w.answer("{}");
  w.timers.advance(6s);
  CHECK(w.sessions.find(waiting.id()) == &waiting);  // idle time counts from the answer
  w.timers.advance(5s);
  CHECK(w.sessions.size() == 0);
}

TEST_CASE(
    "session_table: a call that was withdrawn keeps no session, though the child never answers "
    "it") {
  SessionWorld w({10, 8s});
  BareSession& session = w.open();
  Delivered call;
  REQUIRE(session.receive(parsed(kCall), call.into()));
  CHECK(session.calls() == 1);
  w.link->next();
  REQUIRE(session.receive(
      parsed(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})"),
      nullptr));
  CHECK(session.calls() == 0);
  w.timers.advance(11s);
  CHECK(w.sessions.size() == 0);
}

TEST_CASE(
    "session_table: room is made by ending the longest-idle session that may go, else there is "
    "none") {
  SessionWorld w({.sessions = 3});
  const auth::Principal alice{"alice", "192.0.2.1", true, false};
  BareSession& first = w.open();
  w.timers.advance(1s);
  const std::string second = w.open().id();
  w.timers.advance(1s);
  const std::string third = w.open().id();
  CHECK_FALSE(w.sessions.make_room(alice));
  CHECK(w.metrics.refused("sessions").Value() == 1);
  for (session::Session* each : w.sessions.all()) each->as<BareSession>()->can_go = each != &first;
  CHECK(w.sessions.make_room(alice));
  CHECK(w.sessions.find(first.id()) == &first);
  CHECK(w.sessions.find(second) == nullptr);
  CHECK(w.sessions.find(third) != nullptr);
  CHECK(w.metrics.sessions_evicted.Value() == 1);
  CHECK(w.sessions.make_room(alice));  // there is already room
  CHECK(w.sessions.size() == 2);
}

TEST_CASE("session_table: a full table takes a session of the owner that has most") {
  SessionWorld w({.sessions = 4});
  const auth::Principal bob{"bob", "192.0.2.1", true, false};
  std::vector<BareSession*> alices;
  for (int i = 0; i < 4; ++i) {
    alices.push_back(&w.open("alice"));
    w.timers.advance(1s);
  }
  const auto gone = [&](const std::string& id) { return w.sessions.find(id) == nullptr; };
  const std::vector<std::string> ids = {alices[0]->id(), alices[1]->id(), alices[2]->id(),
                                        alices[3]->id()};
  SECTION("the longest-idle one that may go") {
    alices[2]->can_go = alices[3]->can_go = true;
    CHECK(w.sessions.make_room(bob));
    CHECK(gone(ids[2]));
  }
  SECTION("else the longest-idle one without calls") {
    Delivered never;
    REQUIRE(alices[0]->receive(parsed(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})"),
                               never.into()));
    CHECK(w.sessions.make_room(bob));
    CHECK(gone(ids[1]));
  }
  SECTION("else the longest-idle one of all") {
    Delivered never;
    for (BareSession* each : alices) {
      REQUIRE(
          each->receive(parsed(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})"), never.into()));
      w.timers.advance(1s);
    }
    CHECK(w.sessions.make_room(bob));
    CHECK(gone(ids[0]));
  }
  CHECK(w.sessions.size() == 3);
  CHECK(w.metrics.sessions_evicted.Value() == 1);
}

TEST_CASE(
    "session_table: an owner is told what it holds, and takes no session of one that has fewer") {
  SessionWorld w({.sessions = 8});
  const auth::Principal alice{"alice", "192.0.2.1", true, false};
  BareSession& bobs = w.open("bob");
  bobs.can_go = true;
  w.timers.advance(1s);
  while (w.sessions.make_room(alice)) w.open("alice");
  CHECK(w.sessions.size() == 6);  // a quarter stays free
  CHECK(w.sessions.make_room(alice).error().message ==
        "Connection limit exceeded: your key holds 5 of 8 sessions, 6 are in use "
        "(MCP_MAX_CONNECTIONS)");
  CHECK(w.sessions.find(bobs.id()) == &bobs);
  CHECK(w.sessions.make_room({"carol", "192.0.2.1", true, false}));
  CHECK(w.sessions.size() == 6);
}

TEST_CASE("session_table: other limits hold at once, for sessions that are there too") {
  const auth::Principal alice{"alice", "192.0.2.1", true, false};
  SessionWorld w({2, 30min});
  const std::string first = w.open().id();
  w.timers.advance(1min);
  const std::string second = w.open().id();
  CHECK_FALSE(w.sessions.make_room(alice));
  w.sessions.set_limits({3, 30min});
  CHECK(w.sessions.make_room(alice));
  w.sessions.set_limits({1, 30s});
  CHECK(w.sessions.find(first) == nullptr);
  CHECK(w.sessions.find(second) != nullptr);
  CHECK_FALSE(w.sessions.make_room(alice));
  w.timers.advance(40s);
  CHECK(w.sessions.size() == 0);
  CHECK(w.sessions.make_room(alice));
}

TEST_CASE("session_table: what ends soon is there until the next turn") {
  SessionWorld w;
  const std::string one = w.open().id(), two = w.open().id(), other = w.open().id();
  w.sessions.end_soon(one, "a test");
  w.sessions.end_soon(two, "a test");
  w.sessions.end_soon("unknown", "a test");
  CHECK(w.sessions.size() == 3);
  w.timers.advance(0s);
  CHECK(w.sessions.size() == 1);
  CHECK(w.sessions.find(other) != nullptr);
}

TEST_CASE(
    "session_table: an owner that has as many sessions as it may gives up one of its own or gets "
    "none") {
  SessionWorld w({.sessions = 10, .sessions_per_owner = 2});
  const auth::Principal alice{"alice", "192.0.2.1", true, false},
      bob{"bob", "192.0.2.1", true, false};
  const auth::Principal keyless{"", "192.0.2.1", false, false};
  BareSession& others = w.open("bob");
  others.can_go = true;
  w.open("");
  w.timers.advance(1s);
  const std::string first = w.open("alice").id();
  CHECK(w.sessions.make_room(alice));
  BareSession& second = w.open("alice", "198.51.100.7");  // the address does not matter
  CHECK_FALSE(w.sessions.make_room(alice));
  CHECK(w.metrics.refused("sessions_per_key").Value() == 1);
  CHECK(w.metrics.refused("sessions").Value() == 0);
  CHECK(w.sessions.find(others.id()) == &others);  // idle for longer, but of another owner
  CHECK(w.sessions.make_room(bob));
  CHECK(w.sessions.make_room(keyless));

  second.can_go = true;
  const std::string gone = second.id();
  CHECK(w.sessions.make_room(alice));
  CHECK(w.sessions.find(gone) == nullptr);
  w.open("alice");
  CHECK_FALSE(w.sessions.make_room(alice));
  w.sessions.end(first, "a test");
  CHECK(w.sessions.make_room(alice));
}

TEST_CASE(
    "session_table: callers without a key have no limit of their own, nor has anybody when it is "
    "off") {
  SessionWorld limited({.sessions = 10, .sessions_per_owner = 1});
  const auth::Principal keyless{"", "192.0.2.1", false, false};
  for (int i = 0; i < 5; ++i) {
    CHECK(limited.sessions.make_room(keyless));
    limited.open("");
  }
  SessionWorld off;
  for (int i = 0; i < 5; ++i) {
    CHECK(off.sessions.make_room({"alice", "192.0.2.1", true, false}));
    off.open("alice");
  }
}
