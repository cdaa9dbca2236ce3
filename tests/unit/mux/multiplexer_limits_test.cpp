// Multiplexer: limits of calls, bytes and time.
#include <fmt/format.h>

#include "multiplexer_world.hpp"

using namespace sidecar;
using namespace sidecar::test::multiplexer;
using namespace std::chrono_literals;

TEST_CASE(
    "multiplexer: the limit of calls per client counts tombstones, and does not affect other "
    "clients") {
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
    "multiplexer: the limits of all calls and of the child's queue answer at once, with a time to "
    "retry") {
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

TEST_CASE("multiplexer: bytes that wait for a child are limited, one message is always accepted") {
  mux::Limits limits;
  limits.waiting_bytes = 100;
  World w(limits);
  Session a(w.mux);
  const std::string big(200, 'x');
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m","params":[")" + big + "\"]}");
  CHECK(a.received.empty());
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"m"})");
  CHECK(a.last == mux::Outcome::kBusy);
  a.say(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})");
  a.say(R"({"jsonrpc":"2.0","id":3,"method":"m"})");
  CHECK(a.received.size() == 1);
}

TEST_CASE(
    "multiplexer: a call past its deadline is answered and cancelled at the child; progress "
    "restarts it") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":9}}})", 10s);
  const std::string line = w.link.next();
  const std::string progress =
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":)" +
      std::string(parsed(line).envelope.progress_token.in(line)) + "}}";
  w.timers.advance(9s);
  w.child(progress);
  w.timers.advance(9s);
  CHECK(a.received.size() == 1);
  w.timers.advance(1s);
  CHECK(a.received.size() == 2);
  CHECK(a.last == mux::Outcome::kTimeout);
  CHECK(parsed(w.link.next()).method() == "notifications/cancelled");
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
  w.child(
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":)" +
      std::string(parsed(line).envelope.progress_token.in(line)) + "}}");
  w.timers.advance(5s);
  CHECK(a.received.size() == 1);
  w.timers.advance(1s);
  CHECK(a.last == mux::Outcome::kTimeout);
}

TEST_CASE("multiplexer: calls with different timeouts each end at their own deadline") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})", 60s);
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"m"})", 10s);
  w.timers.advance(10s);
  CHECK(parsed(a.next()).id() == "2");
  w.timers.advance(50s);
  CHECK(parsed(a.next()).id() == "1");
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

TEST_CASE("multiplexer: copies of calls kept for repetition are limited in bytes") {
  World w;
  w.link.room = 64 << 20;
  w.ready();
  Session a(w.mux);
  const std::string big =
      R"(,"method":"prompts/get","params":{"x":")" + std::string(9 << 20, 'x') + "\"}}";
  a.say(R"({"jsonrpc":"2.0","id":1)" + big);
  a.say(R"({"jsonrpc":"2.0","id":2)" + big);
  w.die();
  CHECK(a.received.size() == 1);
  CHECK(parsed(a.next()).id() == "2");
}

TEST_CASE("multiplexer: a call whose answer exceeds the line limit gets an error") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  const std::string id = wire_id_of(w.link.next());
  w.mux.on_child_line_too_long(R"({"result":{"text":"aaa)",
                               R"(aaa"},"jsonrpc":"2.0","id":)" + id + "}", 70 << 20);
  CHECK(a.last == mux::Outcome::kTooLarge);
  w.mux.on_child_line_too_long("aaa", "aaa", 70 << 20);
  CHECK(w.dropped("line_too_long") == 2);
}

TEST_CASE(
    "multiplexer: cancelled calls that are never answered do not use up a session's calls "
    "forever") {
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
  // A message without an address may still concern that call.
  b.say(R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  w.child(R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})");
  CHECK(w.dropped("notification_without_origin") == 1);
  w.child(answer_to(line, "{}"));
  CHECK(w.dropped("answer_after_cancel") == 1);
}

TEST_CASE(
    "multiplexer: an answer beyond the limit to an abandoned call ends the child's work for it") {
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
  CHECK(a.next() == log);  // it may still work for this session
  w.mux.on_child_line_too_long(R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{"text":"aaa)",
                               "aaa\"}}", 70 << 20);
  w.child(log);
  CHECK(a.next().empty());
  CHECK(w.dropped("notification_without_origin") == 1);
}

TEST_CASE(
    "multiplexer: calls beyond the child's rate are refused with the time to retry, others pass") {
  World w;
  w.rate.set({2, 60s});
  w.ready();
  Session a(w.mux), b(w.mux);
  a.say(
      R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}})");
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"ping"})");
  a.say(R"({"jsonrpc":"2.0","id":3,"method":"tools/list"})");
  w.child(answer_to(w.link.next(), R"({"tools":[]})"));
  b.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");  // cached: not charged
  CHECK(b.last == mux::Outcome::kResult);
  b.say(R"({"jsonrpc":"2.0","id":2,"method":"m"})");
  w.child(answer_to(w.link.next(), "{}"));
  CHECK(b.last == mux::Outcome::kResult);
  b.received.clear();
  b.say(R"({"jsonrpc":"2.0","id":3,"method":"m"})");
  CHECK(b.last == mux::Outcome::kOverRate);
  CHECK(b.retry_after == 30s);
  CHECK(
      b.next() ==
      R"({"jsonrpc":"2.0","id":3,"error":{"code":-32003,"message":"Rate limit exceeded: all clients together may make 2 calls in 60 s","data":{"retryAfter":30}}})");
  CHECK(w.link.next().empty());
  CHECK(w.metrics.refused("rate_child").Value() == 1);
  a.say(R"({"jsonrpc":"2.0","id":4,"method":"ping"})");
  CHECK(a.last == mux::Outcome::kResult);
  w.timers.advance(30s);
  b.say(R"({"jsonrpc":"2.0","id":4,"method":"m"})");
  CHECK_FALSE(w.link.next().empty());
}

TEST_CASE("multiplexer: a key that floods leaves another key its part of the child's rate") {
  World w;
  w.rate.set({4, 60s});
  w.ready();
  Session flood(w.mux, "flood"), other(w.mux, "other");
  const auto passes = [&w](Session& session, int id) {
    session.say(fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"m"}})", id));
    const std::string line = w.link.next();
    if (!line.empty()) w.child(answer_to(line, "{}"));
    return !line.empty();
  };
  for (int id = 1; id <= 5; ++id) CHECK(passes(flood, id) == (id < 5));
  CHECK_FALSE(passes(other, 1));
  for (int id = 2; id < 4; ++id) {
    w.timers.advance(15s);
    CHECK_FALSE(passes(flood, id));
    CHECK(flood.received.back().find("2 keys or addresses share 4 calls in 60 s") !=
          std::string::npos);
    CHECK(flood.last == mux::Outcome::kOverRate);
    CHECK(passes(other, id));
  }
}

TEST_CASE("multiplexer: a call that is repeated is charged to the child's rate once") {
  World w;
  w.rate.set({1, 60s});
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"x:y"}})");
  CHECK_FALSE(w.link.next().empty());
  w.die();
  w.ready();
  const std::string again = w.link.next();
  CHECK(again.find("resources/read") != std::string::npos);
  w.child(answer_to(again, "{}"));
  CHECK(a.last == mux::Outcome::kResult);
}

TEST_CASE(
    "multiplexer: calls without a session use the share of their owner, not of other owners") {
  mux::Limits limits;
  limits.waiting_bytes = 4000;
  World w(limits);
  w.ready();
  w.link.wants = false;
  const auto call = [&w](std::string_view owner, std::size_t bytes) {
    const std::string text =
        R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(bytes, 'm') + "\"}";
    auto last = std::make_shared<std::optional<mux::Outcome>>();
    w.mux.request(mux::CallOrigin::of_owner(owner), parsed(text),
                  mux::Reply("1", [last](const mux::Answer& answer) { *last = answer.outcome; }),
                  {});
    return *last;  // empty: it waits
  };
  CHECK_FALSE(call("flood", 800));
  for (int i = 0; i < 20; ++i) CHECK(call("flood", 800) == mux::Outcome::kBusy);
  CHECK_FALSE(call("other", 800));
  Session session(w.mux, "flood");
  session.say(R"({"jsonrpc":"2.0","id":1,"method":"x"})");
  CHECK(session.received.empty());

  // In turn, too: a client that sends much is not served before one that sends later.
  CHECK_FALSE(call("flood", 10));
  CHECK_FALSE(call("late", 10));
  w.link.wants = true;
  w.mux.on_child_writable();
  Lines methods;
  for (std::string line = w.link.next(); !line.empty(); line = w.link.next())
    methods.push_back(std::to_string(parsed(line).method().size()));
  CHECK(methods == Lines{"800", "800", "10", "1", "10"});
}
