#include "session/post_body.hpp"

#include "unit/session/world.hpp"

using namespace sidecar;
using namespace sidecar::test;

namespace {

std::string call(const std::string& id) {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"tools/call","params":{"name":"t"}})";
}
std::string result(const std::string& id) {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{}})";
}
std::string cancel(const std::string& id) {
  return R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" + id +
         "}}";
}
const std::string kNotification = R"({"jsonrpc":"2.0","method":"notifications/initialized"})";

session::PostBody batch(std::string text) {
  auto posted = session::parse_post_body(std::move(text), true);
  REQUIRE(posted);
  return std::move(*posted);
}

int refusal(const std::string& text, bool batches = true) {
  const auto posted = session::parse_post_body(text, batches);
  return posted ? 0 : posted.error().code;
}

}  // namespace

TEST_CASE("post body: only a session of 2025-03-26 takes batches") {
  for (const char* version : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
    SessionWorld w;
    BareSession& session = w.open();
    Delivered made;
    CHECK_FALSE(session::takes_batches(session));
    const std::string text =
        R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":")" +
        std::string(version) + "\"}}";
    REQUIRE(session.receive(parsed(text), made.into()));
    CHECK(session::takes_batches(session) == (std::string_view(version) == "2025-03-26"));
  }
}

TEST_CASE("post body: what is refused as a whole") {
  CHECK(refusal("[" + call("1") + "]", false) == -32600);
  CHECK(refusal("[]") == -32600);
  CHECK(refusal(" [ ] ") == -32600);
  CHECK(refusal("[" + call("1")) == -32700);
  CHECK(refusal("[1,]") == -32700);
  CHECK(refusal("{") == -32700);
  CHECK(refusal("5") == -32600);
  std::string many = "[" + kNotification;
  for (std::size_t i = 1; i < session::kMaxBatch; ++i) many += "," + kNotification;
  CHECK(refusal(many + "]") == 0);
  CHECK(refusal(many + "," + kNotification + "]") == -32600);
}

TEST_CASE(
    "post body: a batch is answered once, when all answers are there, in the order of its "
    "messages") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered delivered;
  auto posted = batch("\n[ " + call("1") + " , " + kNotification + "," + call(R"("b")") +
                      R"(,{"jsonrpc":"2.0","id":3,"method":"ping"}])");
  CHECK(posted.wants_answer());
  REQUIRE(session::receive(session, std::move(posted), delivered.into()));
  const jsonrpc::Message first = parsed(w.link->next());
  w.answer("{}");
  CHECK(delivered.answers.empty());
  w.link->say(result(std::string(first.id())));
  CHECK(delivered.text() == "[" + result("1") + "," + result(R"("b")") + "," + result("3") + "]");
}

TEST_CASE(
    "post body: elements that are no messages, and ids that are in flight, have their errors in "
    "the "
    "array") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered delivered;
  REQUIRE(session::receive(
      session, batch("[1," + call("5") + "," + call("5") + R"(,{"jsonrpc":"2.0","id":7},[]])"),
      delivered.into()));
  CHECK(delivered.answers.empty());
  w.answer("{}");
  const std::string text = delivered.text();
  CHECK(text.find(R"([{"jsonrpc":"2.0","id":null,"error":{"code":-32600,)") == 0);
  CHECK(text.find("," + result("5") + R"(,{"jsonrpc":"2.0","id":5,"error":{"code":-32600,)") !=
        std::string::npos);
  CHECK(text.find(R"({"jsonrpc":"2.0","id":7,"error":{"code":-32600,)") != std::string::npos);
  CHECK(w.link->sent.empty());
}

TEST_CASE(
    "post body: an element that readers could read differently, or with another kind's name, is "
    "refused alone") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered delivered;
  REQUIRE(session::receive(
      session,
      batch(
          R"([{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","Name":"u"}},)" +
          call("2") +
          R"(,{"jsonrpc":"2.0","id":3,"method":"notifications/cancelled","params":{"requestId":2}})" +
          R"(,{"jsonrpc":"2.0","method":"tools/call","params":{"name":"t"}},{"jsonrpc":"2.0","id":4,"ID":5,)" +
          R"("method":"ping"}])"),
      delivered.into()));
  w.answer("{}");
  CHECK(w.link->sent.empty());
  const std::string text = delivered.text();
  CHECK(text.find(
            R"([{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"ambiguous member)") == 0);
  CHECK(text.find("}," + result("2") + R"(,{"jsonrpc":"2.0","id":3,"error":{"code":-32600,)") !=
        std::string::npos);
  CHECK(text.find(
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"ambiguous member)") !=
        std::string::npos);
  CHECK(w.metrics.dropped("request_without_id").Value() == 1);
}

TEST_CASE("post body: initialize has no place in a batch") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered delivered;
  REQUIRE(session::receive(
      session,
      batch(
          R"([{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}])"),
      delivered.into()));
  CHECK(delivered.text().find(R"([{"jsonrpc":"2.0","id":1,"error":{"code":-32600,)") == 0);
  CHECK(session.version().empty());
}

TEST_CASE("post body: a batch of what needs no answer gets none") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered delivered;
  auto posted = batch("[" + kNotification + "," + result("99") + "]");
  CHECK_FALSE(posted.wants_answer());
  REQUIRE(session::receive(session, std::move(posted), delivered.into()));
  CHECK(delivered.answers.empty());
}

TEST_CASE(
    "post body: a withdrawn call has no place in the array; when all are withdrawn there is no "
    "array") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered some, none;
  REQUIRE(session::receive(session, batch("[" + call("1") + "," + call("2") + "]"), some.into()));
  REQUIRE(session.receive(parsed(cancel("1")), nullptr));
  CHECK(some.answers.empty());
  w.link->next();
  w.answer("{}");
  CHECK(some.text() == "[" + result("2") + "]");
  REQUIRE(session::receive(session, batch("[" + call("3") + "]"), none.into()));
  REQUIRE(session.receive(parsed(cancel("3")), nullptr));
  REQUIRE(none.answers.size() == 1);
  CHECK(none.answers[0].outcome == mux::Outcome::kCancelled);
}

TEST_CASE("post body: a single message is received as it is") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered first, second;
  auto posted = session::parse_post_body(call("1"), true);
  REQUIRE(posted);
  CHECK_FALSE(posted->batch);
  REQUIRE(session::receive(session, std::move(*posted), first.into()));
  CHECK_FALSE(session::receive(session, std::move(*session::parse_post_body(call("1"), true)),
                               second.into()));
  w.answer("{}");
  CHECK(first.text() == result("1"));
}

TEST_CASE("post body: answers of a batch beyond the budget are errors that name the limit") {
  SessionWorld w;
  observe::RateLimitedLog log(w.log, w.timers);
  http::Budget budget(1000, log, w.metrics);
  http::Budget::Buffer others(budget, [] {});
  others.set_owner("bob", true);
  REQUIRE(others.hold(100));
  w.sessions.charge_to(budget);
  BareSession& session = w.open();
  Delivered delivered;
  REQUIRE(session::receive(
      session, batch("[" + call("1") + "," + call("2") + "," + call("3") + "]"), delivered.into()));
  for (int i = 0; i < 3; ++i) w.answer(R"({"content":")" + std::string(300, 'x') + "\"}");
  const std::string text = delivered.text();
  CHECK(text.find(R"([{"jsonrpc":"2.0","id":1,"result":{)") == 0);
  for (const char* id : {"2", "3"})
    CHECK(text.find(R"({"jsonrpc":"2.0","id":)" + std::string(id) +
                    R"(,"error":{"code":-32003,)") != std::string::npos);
  CHECK(text.find("your key holds") != std::string::npos);
  CHECK(text.find("MCP_MAX_BUFFERED") != std::string::npos);
  CHECK(w.metrics.buffered_bytes.Value() == 100);
  CHECK(w.metrics.refused("buffers_full").Value() == 2);
}

TEST_CASE(
    "post body: answers that a batch has collected are dropped for an owner that holds less") {
  SessionWorld w;
  observe::RateLimitedLog log(w.log, w.timers);
  http::Budget budget(1000, log, w.metrics);
  http::Budget::Buffer others(budget, [] {});
  others.set_owner("bob", true);
  w.sessions.charge_to(budget);
  BareSession& session = w.open();
  Delivered delivered;
  REQUIRE(
      session::receive(session, batch("[" + call("1") + "," + call("2") + "]"), delivered.into()));
  w.answer(R"({"content":")" + std::string(800, 'x') + "\"}");
  CHECK(others.hold(400));
  w.answer("{}");
  const std::string text = delivered.text();
  CHECK(text.find(R"([{"jsonrpc":"2.0","id":1,"error":{"code":-32003,)") == 0);
  CHECK(text.find(result("2")) != std::string::npos);
  CHECK(w.metrics.buffered_bytes.Value() == 400);
}
