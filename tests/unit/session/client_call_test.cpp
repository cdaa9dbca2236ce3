#include "session/client_call.hpp"

#include "unit/session/world.hpp"

using namespace sidecar;
using namespace sidecar::test;
using namespace std::chrono_literals;

namespace {

// A CallRecord that owns its texts.
struct Told {
  std::string owner, transport, session, client, method, subject, outcome, error, kept;
  Clock::duration took;
  std::size_t request_bytes, answer_bytes;
};

struct Sink : observe::CallSink {
  Result<std::string> on_call_begin(const auth::Principal&,
                                    observe::CallArguments arguments) override {
    ++begun;
    if (refuses) return fail("not now");
    return arguments.readable ? std::string(arguments.text) : "unreadable";
  }
  void on_call_end(const observe::CallRecord& call, std::string kept) override {
    trace_id = call.trace_id;
    told.push_back({call.caller.owner, std::string(call.source.transport), call.source.session,
                    call.source.client_name, std::string(call.method), std::string(call.subject),
                    std::string(call.outcome), std::string(call.error), std::move(kept), call.took,
                    call.request_bytes, call.answer_bytes});
  }

  std::string trace_id;  // of the last record
  bool refuses = false;
  int begun = 0;
  std::vector<Told> told;
};

struct Observed : SessionWorld {
  Observed() {
    calls.add(sink);
    sessions.observe_by(calls);
  }
  std::string call(BareSession& session, const std::string& id, const std::string& method,
                   const std::string& params) {
    const std::string text = R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method +
                             R"(","params":)" + params + "}";
    REQUIRE(session.receive(parsed(text), delivered.into()));
    return text;
  }
  std::string answer(const std::string& rest) {
    std::string text = R"({"jsonrpc":"2.0","id":)" + wire_id_of(link->next()) + "," + rest + "}";
    link->say(text);
    return text;
  }

  Sink sink;
  observe::Calls calls{timers};
  Delivered delivered;
};

}  // namespace

TEST_CASE(
    "client call: a tool call is told of with its caller, session, tool, arguments, times and "
    "sizes") {
  Observed w;
  BareSession& session = w.open("alice");
  w.call(
      session, "1", "initialize",
      R"({"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"tester","version":"1"}})");
  const std::string sent =
      w.call(session, "2", "tools/call", R"({"name":"add\u0021","arguments":{"a": 1}})");
  w.timers.advance(5s);
  w.answer(R"("result":{"content":[]})");
  REQUIRE(w.sink.told.size() == 2);
  CHECK(w.sink.told[0].method == "initialize");
  CHECK(w.sink.told[0].client == "tester");
  const Told& told = w.sink.told[1];
  CHECK(told.owner == "alice");
  CHECK(told.transport == "bare");
  CHECK(told.session == session.id());
  CHECK(told.client == "tester");
  CHECK(told.method == "tools/call");
  CHECK(told.subject == "add!");
  CHECK(told.kept == R"({"a": 1})");
  CHECK(told.outcome == "ok");
  CHECK(told.error.empty());
  CHECK(told.took == 5s);
  CHECK(told.request_bytes == sent.size());
  CHECK(told.answer_bytes == w.delivered.answers.back().text.size());
}

TEST_CASE("client call: a URI that is too long to be decoded is told of by its beginning") {
  Observed w;
  BareSession& session = w.open();
  const std::string uri = "file:///" + std::string(9'000, 'x');
  w.call(session, "1", "resources/read", R"({"uri":")" + uri + R"("})");
  w.answer(R"("result":{"contents":[]})");
  REQUIRE(w.sink.told.size() == 1);
  CHECK(w.sink.told[0].subject == '"' + uri.substr(0, 8'191));
}

TEST_CASE("client call: errors of the tool and of the child are told apart") {
  Observed w;
  BareSession& session = w.open();
  w.call(session, "1", "tools/call", R"({"name":"t"})");
  w.answer(R"("result":{"content":[],"isError":true})");
  w.call(session, "2", "resources/read", R"({"uri":"file:///x"})");
  w.answer(R"("error":{"code":-32002,"message":"no such thing"})");
  REQUIRE(w.sink.told.size() == 2);
  CHECK(w.sink.told[0].outcome == "tool_error");
  CHECK(w.sink.told[1].outcome == "error");
  CHECK(w.sink.told[1].error == "no such thing");
  CHECK(w.sink.told[1].subject == "file:///x");
}

TEST_CASE("client call: only the result of a tool itself says that it failed") {
  Observed w;
  BareSession& session = w.open();
  const std::pair<const char*, const char*> answers[] = {
      {"tools/call", R"({"content":[{"type":"text","text":"\"isError\":true","isError":true}]})"},
      {"tools/call", R"({"content":[],"isError":"true"})"},
      {"prompts/get", R"({"isError":true})"},
  };
  for (const auto& [method, result] : answers) {
    w.call(session, "1", method, R"({"name":"t"})");
    w.answer(R"("result":)" + std::string(result));
    CHECK(w.sink.told.back().outcome == "ok");
  }
}

TEST_CASE("client call: what its caller may not do is told of, though it reaches nobody") {
  Observed w;
  auto permissions = std::make_shared<auth::Permissions>();
  permissions->tools.deny = {"t"};
  auto caller = std::make_shared<auth::Principal>(auth::Principal{"alice", "192.0.2.1", true});
  caller->permissions.push_back(permissions);
  auto made =
      std::make_unique<BareSession>(session::SessionTable::new_id(), caller, w.instances, w.timers);
  BareSession& session = *made;
  w.sessions.add(std::move(made));
  w.call(session, "1", "tools/call", R"({"name":"t"})");
  REQUIRE(w.sink.told.size() == 1);
  CHECK(w.sink.told[0].outcome == "forbidden");
  CHECK_THAT(w.sink.told[0].error, Catch::Matchers::Contains("not permitted"));
}

TEST_CASE(
    "client call: a call that its client withdraws, and one whose session ends, are told of "
    "once") {
  Observed w;
  BareSession& session = w.open();
  w.call(session, "1", "tools/call", R"({"name":"first"})");
  w.call(session, "2", "tools/call", R"({"name":"second"})");
  REQUIRE(session.receive(
      parsed(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})"),
      nullptr));
  REQUIRE(w.sink.told.size() == 1);
  CHECK(w.sink.told[0].subject == "first");
  CHECK(w.sink.told[0].outcome == "cancelled");
  const std::string id = session.id();
  w.sessions.end(id, "a test");
  REQUIRE(w.sink.told.size() == 2);
  CHECK(w.sink.told[1].subject == "second");
  CHECK(w.sink.told[1].outcome == "cancelled");
  CHECK(w.sink.told[1].session == id);
  CHECK(w.sink.told[1].answer_bytes == 0);
}

TEST_CASE("client call: a session that ends during the look-up of a tool leaves one record") {
  Observed w;
  auto permissions = std::make_shared<auth::Permissions>();
  permissions->read_only = true;
  auto caller = std::make_shared<auth::Principal>(auth::Principal{"alice", "192.0.2.1", true});
  caller->permissions.push_back(permissions);
  BareSession& session = w.open();
  REQUIRE(session.admit(caller));
  w.call(session, "1", "tools/call", R"({"name":"t"})");
  CHECK(w.sink.begun == 1);
  CHECK(w.sink.told.empty());
  SECTION("cancelled, when the session ends") {
    w.sessions.end(session.id(), "a test");
    REQUIRE(w.sink.told.size() == 1);
    CHECK(w.sink.told[0].outcome == "cancelled");
    CHECK(w.sink.told[0].error == "the session ended before the answer");
    CHECK(w.delivered.answers.empty());
  }
  SECTION("forbidden, when the tool is not there") {
    w.answer(R"("result":{"tools":[]})");
    REQUIRE(w.sink.told.size() == 1);
    CHECK(w.sink.told[0].outcome == "forbidden");
    CHECK(w.sink.told[0].method == "tools/call");
    CHECK(w.delivered.answers.size() == 1);
  }
}

TEST_CASE("client call: the trace is that of its request, not of the session's first one") {
  Observed w;
  BareSession& session = w.open();
  const std::string text = R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}})";
  const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  REQUIRE(session.receive(parsed(text), w.delivered.into(), nullptr, {parent, ""}));
  CHECK(w.link->sent.front().find(parent) != std::string::npos);
  w.answer(R"("result":{"tools":[]})");
  CHECK(w.sink.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736");
  REQUIRE(session.receive(parsed(R"({"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}})"),
                          w.delivered.into()));
  CHECK(w.link->sent.front().find("traceparent") == std::string::npos);
  w.answer(R"("result":{"tools":[]})");
  CHECK(w.sink.trace_id.empty());
}

TEST_CASE("client call: pings are no calls") {
  Observed w;
  BareSession& session = w.open();
  REQUIRE(session.receive(parsed(R"({"jsonrpc":"2.0","method":"notifications/initialized"})"),
                          nullptr));
  REQUIRE(
      session.receive(parsed(R"({"jsonrpc":"2.0","id":1,"method":"ping"})"), w.delivered.into()));
  CHECK(w.delivered.answers.size() == 1);
  CHECK(w.sink.begun == 0);
  CHECK(w.sink.told.empty());
}

TEST_CASE(
    "client call: one that a sink refuses is answered, reaches nobody, and ends for those that "
    "knew it") {
  Observed w;
  Sink strict;
  strict.refuses = true;
  w.calls.add(strict);
  BareSession& session = w.open();
  w.call(session, "7", "tools/call", R"({"name":"t"})");
  REQUIRE(w.delivered.answers.size() == 1);
  CHECK(w.delivered.answers[0].outcome == mux::Outcome::kUnavailable);
  CHECK_THAT(w.delivered.answers[0].text,
             Catch::Matchers::Contains(R"("id":7)") && Catch::Matchers::Contains("not now"));
  CHECK(w.link->sent.empty());
  REQUIRE(w.sink.told.size() == 1);
  CHECK(w.sink.told[0].outcome == "unavailable");
  CHECK(strict.told.empty());
  CHECK(session.calls() == 0);
}

namespace {

// A sender that keeps the replies, as a wrapped server does.
struct KeepingSender : session::CallSender {
  KeepingSender(std::vector<mux::Reply>& kept) : replies(kept) {}
  ~KeepingSender() override = default;
  void send(const auth::Principal&, jsonrpc::Message, mux::Reply reply) override {
    replies.push_back(std::move(reply));
  }
  void send_own(const auth::Principal&, jsonrpc::Message, mux::Reply reply) override {
    replies.push_back(std::move(reply));
  }
  void on_call_end(const session::ClientCall&, mux::Answer&) override { ++ended; }

  std::vector<mux::Reply>& replies;
  int ended = 0;
};

}  // namespace

TEST_CASE("client call: a sender that ends before its answers drops its calls, recorded once") {
  ManualTimers timers;
  Sink sink;
  observe::Calls calls(timers);
  calls.add(sink);
  Delivered delivered;
  std::vector<mux::Reply> replies;
  auth::Principal reader;
  auth::Permissions rules;
  rules.read_only = true;
  reader.permissions = {std::make_shared<auth::Permissions>(rules)};
  const auto source = std::make_shared<observe::CallSource>();
  auto sender = std::make_unique<KeepingSender>(replies);
  const auto start = [&](const std::string& id, const auth::Principal& caller) {
    session::ClientCall::start(
        *sender, &calls, source,
        {.message = parsed(R"({"jsonrpc":"2.0","id":)" + id +
                           R"(,"method":"tools/call","params":{"name":"add"}})"),
         .caller = std::make_shared<auth::Principal>(caller),
         .trace = {},
         .deliver = delivered.into()});
  };
  start("1", {});
  start("2", reader);  // its tool is being looked up
  REQUIRE(replies.size() == 2);
  SECTION("the answers come later") {}
  SECTION("one answer came before") {
    replies[0].send(mux::make_result("1", "{}"));
    CHECK(sender->ended == 1);
    CHECK(delivered.answers.size() == 1);
  }
  const std::size_t answered = delivered.answers.size();
  sender.reset();
  CHECK(sink.told.size() == 2);
  CHECK(sink.told.back().outcome == "cancelled");
  replies[1].send(mux::make_result("0", R"({"tools":[],"nextCursor":"2"})"));
  replies.clear();
  CHECK(delivered.answers.size() == answered);
  CHECK(sink.told.size() == 2);
}
