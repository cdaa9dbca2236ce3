// Multiplexer: the owners' shares of common limits, and what is ended to make room.
#include <fmt/format.h>

#include "multiplexer_world.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::test::multiplexer;
using namespace std::chrono_literals;
using test::Contains;

namespace {

std::string call(int id, std::string_view more = "") {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"m"{}}})", id, more);
}
std::string padded(int id, std::size_t bytes) {
  return call(id, fmt::format(R"(,"params":["{}"])", std::string(bytes, 'x')));
}
std::string error_in(const std::string& answer) {
  const jsonrpc::Message told = parsed(answer);
  return std::string(told.envelope.error.in(told.text));
}
mux::Limits with(std::size_t calls, std::size_t waiting_bytes = 16 << 20) {
  mux::Limits limits;
  limits.calls = calls;
  limits.waiting_bytes = waiting_bytes;
  return limits;
}
Lines methods_of(test::FakeLink& link) {
  Lines methods;
  for (std::string line = link.next(); !line.empty(); line = link.next())
    methods.emplace_back(parsed(line).method());
  return methods;
}

}  // namespace

TEST_CASE(
    "shares: a single owner may have all calls; its newest ends when another owner makes one") {
  World w(with(8));
  w.ready();
  Session a(w.mux, "alice"), b(w.mux, "bob");
  for (int id = 1; id <= 8; ++id) a.say(call(id));
  CHECK(a.received.empty());
  a.say(call(9));
  CHECK(a.last == mux::Outcome::kUnavailable);
  CHECK_THAT(a.next(), Contains("this key or address holds 8 of 8"));
  Lines lines(w.link.sent.begin(), w.link.sent.end());
  w.link.sent.clear();

  b.say(call(1));
  CHECK(b.received.empty());
  CHECK(a.last == mux::Outcome::kBusy);
  CHECK(a.retry_after == 1s);
  const std::string ended = a.next();
  CHECK(parsed(ended).id() == "8");
  CHECK_THAT(error_in(ended),
             Contains("ended to make room for the call of another key or address") &&
                 Contains("8 of 8 calls in flight (MCP_MAX_CALLS)"));
  const std::string cancel = w.link.next();
  CHECK(parsed(cancel).method() == "notifications/cancelled");
  CHECK_THAT(cancel, Contains(R"("requestId":)" + wire_id_of(lines.back())));
  CHECK(parsed(w.link.next()).method() == "m");
  CHECK(w.metrics.refused("call_ended_for_others").Value() == 1);

  a.say(call(9));
  CHECK(a.last == mux::Outcome::kBusy);
  CHECK_THAT(a.next(), Contains("this key or address holds 7 of 8"));
  // A late answer to the call that ended is dropped.
  w.child(answer_to(lines.back(), "{}"));
  CHECK(a.received.empty());
}

TEST_CASE("shares: no call is ended of an owner that holds no more than the new one would") {
  World w(with(4));
  w.ready();
  Session a(w.mux, "alice"), b(w.mux, "bob");
  for (int id = 1; id <= 4; ++id) a.say(call(id));
  b.say(call(1));
  b.say(call(2));
  CHECK(a.received.size() == 2);
  CHECK(b.received.empty());
  b.say(call(3));
  CHECK(b.last == mux::Outcome::kBusy);
  CHECK(a.received.size() == 2);
}

TEST_CASE("shares: calls of sessions and REST count for their owner alike") {
  Lines refused;  // outlives the calls
  World w(with(4));
  w.ready();
  Session a(w.mux, "alice");
  a.say(call(1));
  a.say(call(2));
  const auto rest = [&](std::string_view owner) {
    w.mux.request(
        mux::CallOrigin::of_owner(owner), parsed(call(1)),
        mux::Reply("1", [&](const mux::Answer& answer) { refused.push_back(answer.message); }), {});
  };
  rest("alice");
  rest("alice");
  CHECK(refused.empty());
  rest("bob");
  REQUIRE(refused.size() == 1);
  CHECK_THAT(refused.front(), Contains("4 of 4 calls"));
  CHECK(a.received.empty());
  rest("alice");
  CHECK(refused.size() == 2);
}

TEST_CASE(
    "shares: a call made from inside the answer to an ended call does not get its place back") {
  World w(with(2));
  w.ready();
  int answers = 0;
  std::function<void()> ask = [&] {
    w.mux.request(mux::CallOrigin::of_owner("alice"), parsed(call(1)),
                  mux::Reply("1", [&](const mux::Answer&) {
                    if (++answers < 10) ask();
                  }));
  };
  ask();
  ask();
  Session b(w.mux, "bob");
  b.say(call(1));
  CHECK(b.received.empty());
  CHECK(w.mux.in_flight() == 2);
  CHECK(answers == 10);
}

TEST_CASE(
    "shares: withdrawn calls that the child still works on count for their owner, over all its "
    "sessions") {
  World w;
  w.link.room = 64 << 20;
  w.ready();
  Session b(w.mux, "bob");
  b.say(call(1));
  const auto cycle = [&w] {
    Session a(w.mux, "alice");
    for (int id = 1; id <= 64; ++id) a.say(call(id));
    return a.received.empty() ? std::string()
                              : a.next();  // its session ends, and its calls are cancelled
  };
  int cycles = 0;
  std::string refused;
  while (refused.empty() && cycles < 1000) {
    refused = cycle();
    ++cycles;
  }
  CHECK(cycles < 128);
  CHECK_THAT(refused, Contains("withdrawn ones that the MCP server still works on included"));
  b.say(call(2));
  CHECK(b.received.empty());
  w.timers.advance(5min);
  b.received.clear();
  b.say(call(3));
  CHECK(cycle().empty());
}

TEST_CASE(
    "shares: waiting owners are served in turn; the newest call of the largest is ended to make "
    "room") {
  World w(with(4096, 4000));
  w.ready();
  w.link.wants = false;
  std::vector<std::unique_ptr<Session>> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(std::make_unique<Session>(w.mux, "alice"));
    all.back()->say(padded(1, 850));  // one client may have a quarter
  }
  for (const auto& a : all) CHECK(a->received.empty());
  Session b(w.mux, "bob");
  b.say(padded(1, 500));
  CHECK(b.received.empty());
  CHECK(all[3]->last == mux::Outcome::kBusy);
  CHECK_THAT(all[3]->next(), Contains("bytes that wait for the MCP server (MCP_STDIN_QUEUE)"));
  all[3]->say(padded(2, 850));
  CHECK(all[3]->last == mux::Outcome::kBusy);
  CHECK_THAT(all[3]->next(), Contains("(MCP_STDIN_QUEUE): this key or address holds"));
  w.link.wants = true;
  w.mux.on_child_writable();
  Lines sizes;
  for (std::string line = w.link.next(); !line.empty(); line = w.link.next())
    sizes.push_back(line.size() > 800 ? "a" : "b");
  CHECK(sizes == Lines{"a", "b", "a", "a"});
}

TEST_CASE(
    "shares: notifications wait in order with their session's calls, and are dropped beyond their "
    "share") {
  World w(with(4096, 4000));
  w.ready();
  w.link.wants = false;
  Session a(w.mux, "alice"), b(w.mux, "bob");
  const std::string flood = R"({"jsonrpc":"2.0","method":"notifications/flood"})";
  a.say(call(1));
  for (int i = 0; i < 100; ++i) a.say(flood);
  CHECK(w.link.sent.empty());
  const double dropped = w.dropped("message_beyond_share");
  CHECK(dropped > 80);
  CHECK(dropped < 100);
  b.say(R"({"jsonrpc":"2.0","method":"notifications/hello"})");
  b.say(call(1));
  CHECK(b.received.empty());
  w.link.wants = true;
  w.mux.on_child_writable();
  const Lines methods = methods_of(w.link);
  REQUIRE(methods.size() > 4);
  CHECK(Lines(methods.begin(), methods.begin() + 4) ==
        Lines{"m", "notifications/hello", "notifications/flood", "m"});
  CHECK(w.dropped("message_beyond_share") == dropped);
  // If the child reads, they are sent at once.
  a.say(flood);
  CHECK(w.link.next() == flood);
}

TEST_CASE("shares: notifications are dropped to make room for another owner's call") {
  World w(with(4096, 4000));
  w.ready();
  w.link.wants = false;
  std::vector<std::unique_ptr<Session>> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(std::make_unique<Session>(w.mux, "alice"));
    for (int j = 0; j < 100; ++j)
      all.back()->say(R"({"jsonrpc":"2.0","method":"notifications/flood"})");
  }
  Session b(w.mux, "bob");
  b.say(padded(1, 500));
  CHECK(b.received.empty());
}

TEST_CASE("shares: a cancel with a long reason reaches the child without the reason") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(call(1));
  const std::string wire = wire_id_of(w.link.next());
  a.say(
      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":")" +
      std::string(1 << 20, 'x') + "\"}}");
  CHECK(w.link.next() ==
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" + wire +
            "}}");
}

TEST_CASE("shares: an owner's copies of calls kept for repetition leave room for those of others") {
  World w;
  w.link.room = 64 << 20;
  w.ready();
  Session a(w.mux, "alice"), b(w.mux, "bob");
  const auto repeatable = [](int id) {
    return fmt::format(
        R"({{"jsonrpc":"2.0","id":{},"method":"prompts/get","params":{{"x":"{}"}}}})", id,
        std::string(3 << 20, 'x'));
  };
  for (int id = 1; id <= 5; ++id) a.say(repeatable(id));
  b.say(repeatable(1));
  w.die();
  CHECK(b.received.empty());
  // The copy of its newest call is removed.
  REQUIRE(a.received.size() == 1);
  CHECK(parsed(a.next()).id() == "5");
}

namespace {

constexpr const char* kSubscribe = "resources/subscribe";

std::string about(std::string_view method, int id, const std::string& uri) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{{"uri":"{}"}}}})", id,
                     method, uri);
}
std::string uri_of(int n, std::size_t size = 4000) {
  return fmt::format("x:{}/{}", n, std::string(size, 'u'));
}

// Answers all requests at the child. Returns their methods.
Lines serve(World& w) {
  Lines methods;
  for (std::string line = w.link.next(); !line.empty(); line = w.link.next()) {
    const jsonrpc::Message each = parsed(line);
    methods.emplace_back(each.method());
    if (each.kind() == jsonrpc::Kind::kRequest) w.child(answer_to(line, "{}"));
  }
  return methods;
}

}  // namespace

TEST_CASE(
    "shares: bytes of subscriptions are limited, and the owner with most of them loses some") {
  World w;
  w.ready();
  std::vector<std::unique_ptr<Session>> all;
  int id = 0;
  while (all.empty() || all.back()->last == mux::Outcome::kResult) {
    all.push_back(std::make_unique<Session>(w.mux, "alice"));
    REQUIRE(all.size() < 30);
    for (int n = 0; n < 1000; ++n, ++id) {
      all.back()->say(about(kSubscribe, id, uri_of(id)));
      serve(w);
      if (all.back()->last != mux::Outcome::kResult) break;
    }
  }
  CHECK(all.size() > 10);
  CHECK_THAT(all.back()->received.back(),
             Contains("too many bytes of subscriptions: this key or address holds"));
  Session b(w.mux, "bob");
  b.say(about(kSubscribe, 1, uri_of(-1)));
  CHECK(serve(w) == Lines{"resources/unsubscribe", kSubscribe});
  CHECK(b.last == mux::Outcome::kResult);
  CHECK(w.metrics.refused("subscription_ended_for_others").Value() == 1);
  all.clear();  // all of alice's sessions leave
  serve(w);
  Session more(w.mux, "alice");
  more.say(about(kSubscribe, 1, uri_of(-2)));
  serve(w);
  CHECK(more.last == mux::Outcome::kResult);
}

TEST_CASE("shares: a new child is given subscriptions as fast as it answers, and calls meanwhile") {
  World w;
  w.ready();
  Session a(w.mux, "alice"), b(w.mux, "bob");
  for (int n = 0; n < 200; ++n) {
    a.say(about(kSubscribe, n, uri_of(1000 + n, 1)));
    serve(w);
  }
  w.die();
  b.say(call(1));
  w.ready();
  Lines first;
  for (std::string line = w.link.next(); !line.empty(); line = w.link.next()) first.push_back(line);
  REQUIRE(first.size() == mux::Subscriptions::kTending + 1);
  CHECK(parsed(first.back()).method() == "m");
  // A subscription that the child does not have yet is removed without an unsubscribe.
  a.received.clear();
  a.say(about("resources/unsubscribe", 1, uri_of(1199, 1)));
  CHECK(a.received.size() == 1);
  for (const std::string& line : first) w.child(answer_to(line, "{}"));
  std::size_t restored = 0;
  for (Lines more = serve(w); !more.empty(); more = serve(w)) {
    for (const std::string& method : more) restored += method == kSubscribe;
  }
  CHECK(restored == 199 - mux::Subscriptions::kTending);
}

TEST_CASE(
    "shares: subscriptions of a session that leaves are released as fast as the child reads and "
    "answers") {
  World w;
  w.ready();
  Session b(w.mux, "bob");
  {
    Session a(w.mux, "alice");
    for (int n = 0; n < 200; ++n) {
      a.say(about(kSubscribe, n, uri_of(n, 1)));
      serve(w);
    }
    w.link.wants = false;
  }
  CHECK(w.link.sent.empty());
  b.say(call(1));
  w.link.wants = true;
  w.mux.on_child_writable();
  CHECK(w.link.sent.size() == mux::Subscriptions::kTending + 1);
  std::size_t released = 0;
  for (Lines more = serve(w); !more.empty(); more = serve(w)) {
    for (const std::string& method : more) released += method == "resources/unsubscribe";
  }
  CHECK(released == 200);
}
