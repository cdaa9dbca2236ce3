#include "mux/multiplexer.hpp"

#include "support/catch.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

namespace {

constexpr const char* kInitializeResult =
    R"({"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true},"logging":{}},"serverInfo":{"name":"s","version":"1.10"},"x":1e400})";

jsonrpc::Message message(std::string text) {
  auto parsed = jsonrpc::parse(std::move(text));
  REQUIRE(parsed);
  return std::move(*parsed);
}

// One client with a stream on which answers and notifications arrive in order, as a legacy SSE session is.
class Session : public mux::Client {
 public:
  Session(mux::Multiplexer& multiplexer, std::string owner = "") : multiplexer_(multiplexer), id(next_id++) {
    multiplexer.add(id, *this, std::move(owner));
  }
  ~Session() override { leave(); }

  void on_message(std::string text) override { received.push_back(std::move(text)); }

  void say(std::string text, std::optional<Clock::duration> timeout = {}) {
    jsonrpc::Message m = message(std::move(text));
    if (m.kind() == jsonrpc::Kind::kNotification) return multiplexer_.notification(id, std::move(m));
    if (m.kind() != jsonrpc::Kind::kRequest) return multiplexer_.answer(id, m);
    mux::Reply reply(std::string(m.id()), [this](mux::Answer answer) {
      last = answer.outcome;
      retry_after = answer.retry_after;
      if (answer.outcome == mux::Outcome::kCancelled) return;  // the client itself withdrew it
      const jsonrpc::Message told = message(answer.text);
      const jsonrpc::Envelope& places = told.envelope;
      const jsonrpc::Span payload = answer.outcome == mux::Outcome::kResult ? places.result : places.error;
      CHECK(answer.payload.begin == payload.begin);
      CHECK(answer.payload.size == payload.size);
      received.push_back(std::move(answer.text));
    });
    multiplexer_.request(id, std::move(m), std::move(reply), timeout);
  }

  void leave() {
    if (!gone_) multiplexer_.remove(id);
    gone_ = true;
  }

  std::string next() {
    if (received.empty()) return {};
    std::string text = received.front();
    received.erase(received.begin());
    return text;
  }

 private:
  static inline mux::ClientId next_id = 1;
  mux::Multiplexer& multiplexer_;
  bool gone_ = false;

 public:
  mux::ClientId id;
  Lines received;
  mux::Outcome last{};
  std::optional<std::chrono::seconds> retry_after;
};

struct World {
  explicit World(mux::Limits limits = {}) : mux(link, timers, numbers, limits, {}, log, metrics) {
    mux.initialize(mux::Handshake::params(false));
  }

  void start() {
    link.up = true;
    link.number = 0;
    mux.on_child_started();
  }
  // The handshake, up to and including notifications/initialized. The first line it takes is `initialize`.
  void shake() {
    const jsonrpc::Message initialize = message(link.next());
    REQUIRE(initialize.method() == "initialize");
    child(R"({"jsonrpc":"2.0","id":)" + std::string(initialize.id()) + R"(,"result":)" + kInitializeResult +
          "}");
    CHECK(link.next() == R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  }
  void ready() {
    start();
    shake();
  }
  void child(std::string line) { mux.on_child_line(std::move(line)); }
  void die(child::Exit exit = {}) {
    link.up = false;
    if (exit.reason.empty()) exit.reason = "exited with code 1";
    mux.on_child_exit(std::move(exit));
  }
  double dropped(const char* reason) { return metrics.dropped(reason).Value(); }

  test::FakeLink link;
  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  mux::Numbers numbers;
  mux::Multiplexer mux;
};

std::string wire_id_of(const std::string& line) { return std::string(message(line).id()); }
std::string answer_to(const std::string& line, const std::string& result) {
  return R"({"jsonrpc":"2.0","id":)" + wire_id_of(line) + R"(,"result":)" + result + "}";
}

}  // namespace

TEST_CASE("multiplexer: two clients with the same id get their own answers, whatever the order") {
  World w;
  w.ready();
  Session a(w.mux), b(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})");
  b.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})");
  const std::string first = w.link.next(), second = w.link.next();
  CHECK(wire_id_of(first) != wire_id_of(second));
  w.child(answer_to(second, R"({"tools":["b"]})"));
  w.child(answer_to(first, R"({"tools":["a"]})"));
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":1,"result":{"tools":["a"]}})");
  CHECK(b.next() == R"({"jsonrpc":"2.0","id":1,"result":{"tools":["b"]}})");
  CHECK(w.mux.in_flight() == 0);
}

TEST_CASE("multiplexer: a client's id comes back byte for byte, and nothing else of a message changes") {
  World w;
  w.ready();
  Session a(w.mux);
  for (const char* id :
       {"1", "1.0", "\"1\"", "\"\\u0061\\/\"", "123456789012345678901234567890", "-0", "1e400", "\"\""}) {
    const std::string params = R"({"z":1.10,"a":18446744073709551616,"_meta":{"x":"\ud800"}})";
    a.say(R"({"method":"tools/call","params":)" + params + R"(,"id":)" + id + R"(,"jsonrpc":"2.0"})");
    const std::string line = w.link.next();
    CHECK(line == R"({"method":"tools/call","params":)" + params + R"(,"id":)" + wire_id_of(line) +
                      R"(,"jsonrpc":"2.0"})");
    w.child(R"({"result": {"b":1e400,"a":-0} ,"jsonrpc":"2.0","id":)" + wire_id_of(line) + "}");
    CHECK(a.next() == R"({"result": {"b":1e400,"a":-0} ,"jsonrpc":"2.0","id":)" + std::string(id) + "}");
  }
}

TEST_CASE("multiplexer: an error of the child passes as it is") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":"x","method":"nope"})");
  w.child(R"({"jsonrpc":"2.0","id":)" + wire_id_of(w.link.next()) +
          R"(,"error":{"code":-32601,"message":"no \"nope\"","data":1.0}})");
  CHECK(a.next() ==
        R"({"jsonrpc":"2.0","id":"x","error":{"code":-32601,"message":"no \"nope\"","data":1.0}})");
  CHECK(a.last == mux::Outcome::kError);
}

TEST_CASE(
    "multiplexer: initialize is answered from the child's result, with the version rule and all other "
    "bytes") {
  World w;
  w.ready();
  Session a(w.mux);
  auto initialize = [&](const char* version) {
    a.say(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" +
          std::string(version) + R"(","capabilities":{},"clientInfo":{"name":"c","version":"1"}}})");
    return a.next();
  };
  const std::string own = R"({"jsonrpc":"2.0","id":0,"result":)" + std::string(kInitializeResult) + "}";
  CHECK(initialize("2025-06-18") == own);
  CHECK(initialize("2025-11-25") == own);
  CHECK(initialize("1999-01-01") == own);
  std::string older = own;
  older.replace(older.find("2025-06-18"), 10, "2024-11-05");
  CHECK(initialize("2024-11-05") == older);
  a.say(R"({"jsonrpc":"2.0","id":5,"method":"initialize"})");
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":5,"result":)" + std::string(kInitializeResult) + "}");
  a.say(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  CHECK(w.link.next().empty());
}

TEST_CASE("multiplexer: ping is answered on both sides, also while no child runs") {
  World w;
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":"p","method":"ping"})");
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":"p","result":{}})");
  w.ready();
  w.child(R"({"jsonrpc":"2.0","id":"q","method":"ping"})");
  CHECK(w.link.next() == R"({"jsonrpc":"2.0","id":"q","result":{}})");
}

TEST_CASE("multiplexer: calls and initialize wait for the handshake, then go in the order they came") {
  World w;
  Session a(w.mux), b(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}})");
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"tools/list"})");
  w.start();
  b.say(R"({"jsonrpc":"2.0","id":1,"method":"prompts/list"})");
  b.say(R"({"jsonrpc":"2.0","method":"notifications/custom"})");
  CHECK(a.received.empty());
  CHECK(w.link.sent.size() == 1);
  w.shake();
  CHECK(message(a.next()).kind() == jsonrpc::Kind::kResult);
  CHECK(message(w.link.next()).method() == "tools/list");
  CHECK(message(w.link.next()).method() == "prompts/list");
  CHECK(w.link.next().empty());
  CHECK(w.link.handshakes == 1);
  CHECK(w.dropped("notification_before_handshake") == 1);
}

TEST_CASE("multiplexer: progress goes to the client of its call under the token it chose") {
  World w;
  w.ready();
  Session a(w.mux), b(w.mux);
  const std::string call =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"t"}}})";
  a.say(call);
  b.say(call);
  const std::string first = w.link.next(), second = w.link.next();
  auto progress = [&](const std::string& line, int value) {
    w.child(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)" +
            std::string(message(line).envelope.progress_token.in(line)) + R"(,"progress":)" +
            std::to_string(value) + "}}");
  };
  progress(second, 5);
  CHECK(a.received.empty());
  CHECK(b.next() ==
        R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":5}})");
  w.child(answer_to(second, "{}"));
  progress(second, 6);
  CHECK(w.dropped("progress_of_unknown_call") == 1);
  progress(first, 7);
  CHECK(a.next() ==
        R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":7}})");
}

TEST_CASE(
    "multiplexer: a cancelled call's answer is dropped, and only the own session's calls can be cancelled") {
  World w;
  w.ready();
  Session a(w.mux), b(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":"1","method":"tools/call"})");
  const std::string line = w.link.next();
  auto cancel = [](const char* id) {
    return R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" + std::string(id) +
           R"(,"reason":"r"}})";
  };
  b.say(cancel("\"1\""));
  a.say(cancel("1"));
  CHECK(w.link.next().empty());
  CHECK(w.dropped("cancel_of_unknown_call") == 2);
  a.say(cancel("\"1\""));
  CHECK(w.link.next() == R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
                             wire_id_of(line) + R"(,"reason":"r"}})");
  CHECK(w.mux.in_flight() == 0);
  CHECK(w.mux.calls_of(a.id) == 1);
  CHECK_FALSE(w.mux.has_call(a.id, "\"1\""));
  w.child(answer_to(line, "{}"));
  CHECK(a.received.empty());
  CHECK(w.mux.calls_of(a.id) == 0);
  CHECK(w.dropped("answer_after_cancel") == 1);
}

TEST_CASE("multiplexer: a call cancelled before the child had it never reaches the child") {
  World w;
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})");
  a.say(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  w.ready();
  CHECK(w.link.next().empty());
  CHECK(a.received.empty());
}

TEST_CASE("multiplexer: the calls of a client that leaves are cancelled at the child") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})");
  const std::string line = w.link.next();
  a.leave();
  const jsonrpc::Message cancel = message(w.link.next());
  CHECK(cancel.method() == "notifications/cancelled");
  CHECK(cancel.envelope.request_id.in(cancel.text) == wire_id_of(line));
  w.child(answer_to(line, "{}"));
  CHECK(a.received.empty());
}

TEST_CASE("multiplexer: late, doubled, unknown and senseless answers are counted and dropped") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
  const std::string line = w.link.next();
  w.child(answer_to(line, "{}"));
  w.child(answer_to(line, "{}"));
  w.child(R"({"jsonrpc":"2.0","id":999999,"result":{}})");
  w.child(R"({"jsonrpc":"2.0","id":")" + wire_id_of(line) + R"(","result":{}})");
  w.child(R"({"jsonrpc":"2.0","id":1.0,"result":{}})");
  w.child(R"({"jsonrpc":"2.0","id":-1,"result":{}})");
  w.child(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}})");
  w.child(R"({"jsonrpc":"2.0","id":99999999999999999999999,"result":{}})");
  CHECK(w.dropped("answer_to_unknown_call") == 7);
  CHECK(a.received.size() == 1);
}

TEST_CASE("multiplexer: junk on the child's stdout is counted, and the next answer arrives") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
  const std::string line = w.link.next();
  for (const char* junk :
       {"Server running on stdio", "", "{", "[]", "{\"jsonrpc\":\"2.0\"}", "\x1b[31mred\xff"})
    w.child(junk);
  CHECK(w.dropped("junk_on_stdout") == 6);
  w.child(answer_to(line, "{}"));
  CHECK(a.received.size() == 1);
}

TEST_CASE("multiplexer: list_changed reaches every client") {
  World w;
  w.ready();
  Session a(w.mux, "one"), b(w.mux, "two");
  const std::string changed = R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})";
  w.child(changed);
  CHECK(a.next() == changed);
  CHECK(b.next() == changed);
}

TEST_CASE("multiplexer: a notification without an address goes to its certain origin, never across owners") {
  World w;
  w.ready();
  Session a(w.mux, "one"), b(w.mux, "two");
  const std::string note = R"({"jsonrpc":"2.0","method":"notifications/message","params":{"data":"secret"}})";
  w.child(note);
  CHECK(w.dropped("notification_without_origin") == 1);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})");
  const std::string line = w.link.next();
  w.child(note);
  CHECK(a.next() == note);
  b.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})");
  w.child(note);
  CHECK(w.dropped("notification_without_origin") == 2);
  // Cancelled, but the child may still be at it.
  b.say(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  w.child(note);
  CHECK(w.dropped("notification_without_origin") == 3);
  CHECK(a.received.empty());
  CHECK(b.received.empty());
}

TEST_CASE("multiplexer: a notification without an address reaches all sessions of one owner") {
  World w;
  w.ready();
  Session a(w.mux, "one"), b(w.mux, "one");
  const std::string note = R"({"jsonrpc":"2.0","method":"notifications/message","params":{"data":"d"}})";
  w.child(note);
  CHECK(a.next() == note);
  CHECK(b.next() == note);
}

TEST_CASE("multiplexer: what a REST call makes the child say reaches no session") {
  World w;
  w.ready();
  Session a(w.mux);
  w.mux.request(mux::kNoClient, message(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})"),
                mux::Reply("1", [](mux::Answer) {}));
  w.child(R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})");
  CHECK(a.received.empty());
  CHECK(w.dropped("notification_of_rest_call") == 1);
}

TEST_CASE("multiplexer: a request of the child is refused with a reason, and the child hears it") {
  World w;
  w.ready();
  Session a(w.mux);
  w.child(R"({"jsonrpc":"2.0","id":"s-1","method":"sampling/createMessage","params":{}})");
  const jsonrpc::Message refusal = message(w.link.next());
  CHECK(refusal.kind() == jsonrpc::Kind::kError);
  CHECK(refusal.id() == "\"s-1\"");
  CHECK(a.received.empty());
}

TEST_CASE("multiplexer: the limit of calls a client counts tombstones, and other clients go on") {
  mux::Limits limits;
  limits.calls_per_client = 2;
  World w(limits);
  w.ready();
  Session a(w.mux), b(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"m"})");
  a.say(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  a.say(R"({"jsonrpc":"2.0","id":3,"method":"m"})");
  CHECK(a.last == mux::Outcome::kBusy);
  CHECK(a.received.size() == 1);
  b.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  CHECK(b.received.empty());
  w.child(answer_to(w.link.next(), "{}"));
  a.say(R"({"jsonrpc":"2.0","id":4,"method":"m"})");
  CHECK(a.received.size() == 1);
}

TEST_CASE(
    "multiplexer: the limits of all calls and of the child's queue answer at once, with a time to retry") {
  mux::Limits limits;
  limits.calls = 1;
  World w(limits);
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"m"})");
  CHECK(a.last == mux::Outcome::kUnavailable);
  CHECK(a.retry_after == 1s);
  w.child(answer_to(w.link.next(), "{}"));
  w.link.room = 0;
  a.say(R"({"jsonrpc":"2.0","id":3,"method":"m"})");
  CHECK(a.last == mux::Outcome::kUnavailable);
  CHECK(w.mux.in_flight() == 0);
}

TEST_CASE("multiplexer: bytes that wait for a child are bounded, one message is always taken") {
  mux::Limits limits;
  limits.waiting_bytes = 100;
  World w(limits);
  Session a(w.mux);
  const std::string big(200, 'x');
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m","params":[")" + big + "\"]}");
  CHECK(a.received.empty());
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"m"})");
  CHECK(a.last == mux::Outcome::kUnavailable);
  a.say(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  a.say(R"({"jsonrpc":"2.0","id":3,"method":"m"})");
  CHECK(a.received.size() == 1);
}

TEST_CASE(
    "multiplexer: a call past its deadline is answered and cancelled at the child; progress starts it "
    "again") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":9}}})", 10s);
  const std::string line = w.link.next();
  const std::string progress =
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":)" +
      std::string(message(line).envelope.progress_token.in(line)) + "}}";
  w.timers.advance(9s);
  w.child(progress);
  w.timers.advance(9s);
  CHECK(a.received.size() == 1);
  w.timers.advance(1s);
  CHECK(a.received.size() == 2);
  CHECK(a.last == mux::Outcome::kTimeout);
  CHECK(message(w.link.next()).method() == "notifications/cancelled");
  w.child(answer_to(line, "{}"));
  CHECK(a.received.size() == 2);
}

TEST_CASE("multiplexer: progress does not keep a call alive beyond its total time") {
  mux::Limits limits;
  limits.call_timeout = 10s;
  limits.call_timeout_total = 15s;
  World w(limits);
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":9}}})");
  const std::string line = w.link.next();
  w.timers.advance(9s);
  w.child(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":)" +
          std::string(message(line).envelope.progress_token.in(line)) + "}}");
  w.timers.advance(5s);
  CHECK(a.received.size() == 1);
  w.timers.advance(1s);
  CHECK(a.last == mux::Outcome::kTimeout);
}

TEST_CASE("multiplexer: deadlines of calls with different times each come when due") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})", 60s);
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"m"})", 10s);
  w.timers.advance(10s);
  CHECK(message(a.next()).id() == "2");
  w.timers.advance(50s);
  CHECK(message(a.next()).id() == "1");
}

TEST_CASE(
    "multiplexer: when the child dies, calls it had are told why, and calls it never read wait for the "
    "next") {
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
  exit.unwritten = {{w.link.number, unread}};
  w.die(std::move(exit));
  REQUIRE(a.received.size() == 1);
  CHECK(a.last == mux::Outcome::kChildDied);
  const std::string told = a.next();
  CHECK(told.find("exited with code 3") != std::string::npos);
  CHECK(told.find("\"exitCode\":3") != std::string::npos);
  CHECK(told.find("Traceback") != std::string::npos);
  CHECK_FALSE(w.mux.readiness().ready);

  w.ready();
  CHECK(w.link.next() == unread);
  w.child(answer_to(unread, R"({"ok":1})"));
  // A session that has seen lists is told that they may have changed; only what the child declares.
  CHECK(a.next() == R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":2,"result":{"ok":1}})");
  CHECK(a.received.empty());
}

TEST_CASE(
    "multiplexer: a late answer of a dead child's successor to an old id is not taken for a new call's") {
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
    "multiplexer: from the third failed start on, calls are refused at once until a handshake succeeds") {
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
    exit.stderr_tail = {"no such module"};
    w.die(std::move(exit));
  }
  CHECK(a.last == mux::Outcome::kUnavailable);
  CHECK(a.retry_after == 2s);
  CHECK(a.next().find("no such module") != std::string::npos);
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"initialize"})");
  CHECK(message(a.next()).kind() == jsonrpc::Kind::kError);
  a.say(R"({"jsonrpc":"2.0","id":3,"method":"ping"})");
  CHECK(message(a.next()).kind() == jsonrpc::Kind::kResult);
  w.ready();
  a.say(R"({"jsonrpc":"2.0","id":4,"method":"m"})");
  CHECK(a.received.empty());
  CHECK(w.link.sent.size() == 1);
}

TEST_CASE("multiplexer: a child that answers the handshake with an error or nonsense has failed to start") {
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
    "multiplexer: a child that answers neither an old call nor a ping is wedged, until it says something") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  w.link.next();
  w.timers.advance(60s);
  CHECK(message(w.link.next()).method() == "ping");
  CHECK(w.mux.readiness().ready);
  w.timers.advance(10s);
  CHECK_FALSE(w.mux.readiness().ready);
  CHECK(w.metrics.child_wedged.Value() == 1);
  CHECK(w.link.failed_handshake.empty());
  w.child(R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})");
  CHECK(w.mux.readiness().ready);
}

TEST_CASE("multiplexer: a child that takes its time with a call but answers a ping is well") {
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

TEST_CASE("multiplexer: a wedged child is restarted only where that was asked for") {
  mux::Limits limits;
  limits.restart_wedged = true;
  World w(limits);
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  w.timers.advance(70s);
  CHECK_FALSE(w.link.failed_handshake.empty());
}

TEST_CASE("multiplexer: one client's waiting bytes leave room for the others") {
  mux::Limits limits;
  limits.waiting_bytes = 4000;
  World w(limits);
  w.ready();
  w.link.wants = false;
  Session a(w.mux), b(w.mux);
  const std::string big = R"(,"method":"m","params":[")" + std::string(600, 'x') + "\"]}";
  a.say(R"({"jsonrpc":"2.0","id":1)" + big);
  a.say(R"({"jsonrpc":"2.0","id":2)" + big);
  CHECK(a.last == mux::Outcome::kBusy);
  b.say(R"({"jsonrpc":"2.0","id":1)" + big);
  CHECK(b.received.empty());
  w.link.wants = true;
  w.mux.on_child_writable();
  CHECK(w.link.sent.size() == 2);
}

TEST_CASE("multiplexer: calls kept for a second try are bounded in bytes") {
  World w;
  w.link.room = 64 << 20;
  w.ready();
  Session a(w.mux);
  const std::string big = R"(,"method":"prompts/get","params":{"x":")" + std::string(9 << 20, 'x') + "\"}}";
  a.say(R"({"jsonrpc":"2.0","id":1)" + big);
  a.say(R"({"jsonrpc":"2.0","id":2)" + big);
  w.die();
  CHECK(a.received.size() == 1);
  CHECK(message(a.next()).id() == "2");
}

TEST_CASE("multiplexer: the call whose answer was beyond the line limit is told so") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  const std::string id = wire_id_of(w.link.next());
  w.mux.on_child_line_too_long(R"({"result":{"text":"aaa)", R"(aaa"},"jsonrpc":"2.0","id":)" + id + "}",
                               70 << 20);
  CHECK(a.last == mux::Outcome::kTooLarge);
  w.mux.on_child_line_too_long("aaa", "aaa", 70 << 20);
  CHECK(w.dropped("line_too_long") == 2);
}

TEST_CASE("multiplexer: an answer from a client to nothing is dropped") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"result":{}})");
  CHECK(w.link.next().empty());
  CHECK(w.dropped("answer_to_nothing") == 1);
}

TEST_CASE("multiplexer: a client that leaves while it is answered does no harm") {
  World w;
  w.ready();
  Session a(w.mux), b(w.mux);
  w.mux.request(a.id, message(R"({"jsonrpc":"2.0","id":1,"method":"m"})"),
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
  CHECK(message(got[0]).id() == "8");
  CHECK(message(got[1]).id() == "7");
}

TEST_CASE("multiplexer: cancelled calls that are never answered do not use up a session's calls for good") {
  mux::Limits limits;
  limits.calls_per_client = 1;
  World w(limits);
  w.ready();
  Session a(w.mux, "one"), b(w.mux, "two");
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  const std::string line = w.link.next();
  a.say(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"m"})");
  CHECK(a.last == mux::Outcome::kBusy);
  w.timers.advance(5min);
  a.received.clear();
  a.say(R"({"jsonrpc":"2.0","id":3,"method":"m"})");
  CHECK(a.received.empty());
  // What is said without an address may still be about that call.
  b.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  w.child(R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})");
  CHECK(w.dropped("notification_without_origin") == 1);
  w.child(answer_to(line, "{}"));
  CHECK(w.dropped("answer_after_cancel") == 1);
}

TEST_CASE("multiplexer: one that ends while it waits for the child itself leaves nothing behind") {
  auto w = std::make_unique<World>();
  w->ready();
  {
    Session a(w->mux);
    a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","task":{}}})");
    w->child(answer_to(w->link.next(), R"({"task":{"taskId":"T","status":"working"}})"));
  }
  CHECK(message(w->link.next()).method() == "tasks/cancel");  // its answer would end the task here
  CHECK(w->mux.in_flight() == 1);
  w.reset();
}

TEST_CASE(
    "multiplexer: a client that leaves while its own list is fetched, and again, has neither fetched anew") {
  World w;
  w.ready();
  {
    Session a(w.mux);
    a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
    a.say(R"({"jsonrpc":"2.0","id":2,"method":"tools/list"})");  // waits for the first
    w.link.next();
    w.link.room = 0;  // it takes nothing any more
  }
  CHECK(w.link.next().empty());
  CHECK(w.mux.in_flight() == 0);
}

TEST_CASE(
    "multiplexer: an answer beyond the limit to a call that was let go ends what the child did for it") {
  World w;
  w.ready();
  Session a(w.mux, "alice"), b(w.mux, "bob");
  const std::string log =
      R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}})";
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  const std::string id = wire_id_of(w.link.next());
  a.say(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  w.timers.advance(5min);
  w.child(log);
  CHECK(a.next() == log);  // it may still be working for it
  w.mux.on_child_line_too_long(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{"text":"aaa)", "aaa\"}}",
                               70 << 20);
  w.child(log);
  CHECK(a.next().empty());
  CHECK(w.dropped("notification_without_origin") == 1);
}
