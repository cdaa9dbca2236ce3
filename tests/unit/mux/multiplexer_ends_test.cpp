// Multiplexer: children and clients that fail, do not answer or leave.
#include "multiplexer_world.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::test::multiplexer;
using namespace std::chrono_literals;

TEST_CASE(
    "multiplexer: when the child dies, its calls get the reason, and calls it did not read wait "
    "for the next") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"n"})");
  w.link.next();
  const std::string unread = w.link.next();
  child::Exit exit;
  exit.reason = "exited with code 3";
  exit.code = 3;
  exit.stderr_tail = {"Traceback", "boom \"quoted\" \xff"};
  exit.error_line = "boom";
  exit.unwritten = {{w.link.number, unread}};
  w.die(std::move(exit));
  REQUIRE(a.received.size() == 1);
  CHECK(a.last == mux::Outcome::kChildDied);
  const std::string told = a.next();
  CHECK(told.find("the MCP server exited with code 3: boom\"") != std::string::npos);
  CHECK(told.find("\"exitCode\":3") != std::string::npos);
  CHECK(told.find("Traceback") != std::string::npos);
  CHECK_FALSE(w.mux.readiness().ready);

  w.ready();
  CHECK(w.link.next() == unread);
  w.child(answer_to(unread, R"({"ok":1})"));
  // A session that has seen lists gets list_changed for the capabilities that the child declares.
  CHECK(a.next() == R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":2,"result":{"ok":1}})");
  CHECK(a.received.empty());
}

TEST_CASE("multiplexer: an answer of the next child to an old id is not taken for a new call's") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  const std::string old = w.link.next();
  w.die();
  a.received.clear();
  w.ready();
  a.received.clear();
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  const std::string fresh = w.link.next();
  CHECK(wire_id_of(old) != wire_id_of(fresh));
  w.child(answer_to(old, R"({"old":1})"));
  CHECK(a.received.empty());
  w.child(answer_to(fresh, R"({"new":1})"));
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":1,"result":{"new":1}})");
}

TEST_CASE(
    "multiplexer: from the third failed start on, calls are refused at once until a handshake "
    "succeeds") {
  World w;
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  for (unsigned failed = 1; failed <= 3; ++failed) {
    CHECK(a.received.empty());
    w.start();
    w.link.sent.clear();
    child::Exit exit;
    exit.reason = "exited with code 1";
    exit.failed_starts = failed;
    exit.retry_in = 1500ms;
    exit.error_line = "no such module";
    w.die(std::move(exit));
  }
  CHECK(a.last == mux::Outcome::kUnavailable);
  CHECK(a.retry_after == 2s);
  CHECK(a.next().find("no such module") != std::string::npos);
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"initialize"})");
  CHECK(parsed(a.next()).kind() == jsonrpc::Kind::kError);
  a.say(R"({"jsonrpc":"2.0","id":3,"method":"ping"})");
  CHECK(parsed(a.next()).kind() == jsonrpc::Kind::kResult);
  w.ready();
  a.say(R"({"jsonrpc":"2.0","id":4,"method":"m"})");
  CHECK(a.received.empty());
  CHECK(w.link.sent.size() == 1);
}

TEST_CASE(
    "multiplexer: until a child is open, readiness has the last failure and the number of tries") {
  using auth::Disclosure;
  World w;
  CHECK(w.mux.readiness().tries == 1);
  CHECK_THAT(w.mux.readiness().reason(Disclosure::kState),
             test::Contains("has not answered initialize yet (MCP_HANDSHAKE"));
  w.start();
  child::Exit exit;
  exit.reason = "exited with code 1";
  exit.error_line = "Error: no such module";
  exit.failed_starts = 1;
  w.die(exit);
  CHECK(w.mux.readiness().tries == 1);
  CHECK(w.mux.readiness().reason(Disclosure::kLine) ==
        "the MCP server exited with code 1: Error: no such module");
  w.start();
  CHECK(w.mux.readiness().tries == 2);
  CHECK(w.mux.readiness().reason(Disclosure::kLine) ==
        "the MCP server is starting (try 2); before, it exited with code 1: Error: no such module");
  CHECK(w.mux.readiness().reason(Disclosure::kState) ==
        "the MCP server is starting (try 2); before, it exited with code 1");
  w.link.sent.pop_front();
  w.shake();
  CHECK(w.mux.readiness().ready);
  CHECK(w.mux.readiness().reason(Disclosure::kStderr).empty());
}

TEST_CASE(
    "multiplexer: a call that has waited for the start of the child gets the reason for that") {
  World w;
  Session a(w.mux);
  w.start();
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})", 30s);
  w.timers.advance(30s);
  CHECK(a.last == mux::Outcome::kUnavailable);
  CHECK(a.retry_after == 1s);
  CHECK_THAT(a.next(), test::Contains("has not answered initialize yet"));
  child::Exit exit;
  exit.reason = "did not answer initialize within 5 min (MCP_HANDSHAKE_TIMEOUT)";
  exit.failed_starts = 1;
  exit.retry_in = 90s;
  w.die(exit);
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"m"})", 30s);
  w.timers.advance(30s);
  CHECK(a.last == mux::Outcome::kUnavailable);
  CHECK(a.retry_after == 90s);
  CHECK_THAT(a.next(), test::Contains("did not answer initialize within 5 min"));
}

TEST_CASE("multiplexer: an end that the sidecar brought about is told without code and signal") {
  child::Exit exit;
  exit.reason = "did not answer initialize within 5 min (MCP_HANDSHAKE_TIMEOUT)";
  exit.signal = 15;
  exit.by_sidecar = true;
  CHECK(mux::ChildDeath(exit).data(auth::Disclosure::kStderr).find("signal") == std::string::npos);
  exit.by_sidecar = false;
  CHECK(mux::ChildDeath(exit).data(auth::Disclosure::kState).find("\"signal\":15") !=
        std::string::npos);
}

TEST_CASE(
    "multiplexer: a child that answers the handshake with an error or nonsense has failed to "
    "start") {
  World w;
  w.start();
  const std::string id = wire_id_of(w.link.next());
  SECTION("error") {
    w.child(R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":1,"message":"no licence"}})");
  }
  SECTION("no version") { w.child(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{}})"); }
  SECTION("no object") { w.child(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":[]})"); }
  CHECK_FALSE(w.link.failed_handshake.empty());
  CHECK_FALSE(w.mux.readiness().ready);
}

TEST_CASE(
    "multiplexer: a child that answers neither an old call nor a ping is wedged until it writes a "
    "line") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  w.link.next();
  w.timers.advance(60s);
  CHECK(parsed(w.link.next()).method() == "ping");
  CHECK(w.mux.readiness().ready);
  w.timers.advance(10s);
  CHECK_FALSE(w.mux.readiness().ready);
  CHECK(w.metrics.child_wedged.Value() == 1);
  CHECK(w.link.failed_handshake.empty());
  w.child(R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})");
  CHECK(w.mux.readiness().ready);
}

TEST_CASE("multiplexer: a child that is slow with a call but answers a ping is not wedged") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  w.link.next();
  for (int minute = 0; minute < 3; ++minute) {
    w.timers.advance(60s);
    w.child(answer_to(w.link.next(), "{}"));
    CHECK(w.mux.readiness().ready);
  }
  CHECK(a.received.empty());
}

TEST_CASE("multiplexer: a wedged child is restarted only if configured") {
  mux::Limits limits;
  limits.restart_wedged = true;
  World w(limits);
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  w.timers.advance(70s);
  CHECK_FALSE(w.link.failed_handshake.empty());
}

TEST_CASE("multiplexer: a client may leave while it is answered") {
  World w;
  w.ready();
  Session a(w.mux), b(w.mux);
  w.mux.request(a.id, parsed(R"({"jsonrpc":"2.0","id":1,"method":"m"})"),
                mux::Reply("1", [&](mux::Answer) { a.leave(); }));
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"m"})");
  b.say(R"({"jsonrpc":"2.0","id":3,"method":"m"})");
  w.die();
  CHECK(b.received.size() == 1);
  CHECK(a.received.empty());
  CHECK(w.mux.in_flight() == 0);
}

TEST_CASE("reply: destroyed unanswered, it sends an internal error once") {
  std::vector<std::string> got;
  {
    mux::Reply first("7", [&](mux::Answer answer) { got.push_back(answer.text); });
    mux::Reply second = std::move(first);
    mux::Reply third("8", [&](mux::Answer answer) { got.push_back(answer.text); });
    third = std::move(second);
  }
  REQUIRE(got.size() == 2);
  CHECK(parsed(got[0]).id() == "8");
  CHECK(parsed(got[1]).id() == "7");
}

TEST_CASE("multiplexer: destroyed with a request of its own open, it leaves nothing behind") {
  auto w = std::make_unique<World>();
  w->ready();
  {
    Session a(w->mux);
    a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","task":{}}})");
    w->child(answer_to(w->link.next(), R"({"task":{"taskId":"T","status":"working"}})"));
  }
  CHECK(parsed(w->link.next()).method() == "tasks/cancel");  // its answer would end the task here
  CHECK(w->mux.in_flight() == 1);
  w.reset();
}

TEST_CASE("multiplexer: a client that leaves while its lists are fetched causes no new fetch") {
  World w;
  w.ready();
  {
    Session a(w.mux);
    a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
    a.say(R"({"jsonrpc":"2.0","id":2,"method":"tools/list"})");  // waits for the first
    w.link.next();
    w.link.room = 0;  // accepts no more lines
  }
  CHECK(w.link.next().empty());
  CHECK(w.mux.in_flight() == 0);
}
