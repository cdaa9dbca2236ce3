#include "session/permission.hpp"

#include "session/list_filter.hpp"
#include "support/matchers.hpp"
#include "unit/session/world.hpp"

using namespace sidecar;
using namespace sidecar::test;
using mux::Outcome;

namespace {

using Permissions = auth::Permissions;
using CallerPtr = std::shared_ptr<const auth::Principal>;

CallerPtr caller_with(void (*set)(Permissions&)) {
  auto permissions = std::make_shared<Permissions>();
  set(*permissions);
  auto caller =
      std::make_shared<auth::Principal>(auth::Principal{"alice", "192.0.2.1", true, false});
  caller->permissions.push_back(std::move(permissions));
  return caller;
}

jsonrpc::Message request(const std::string& method, const std::string& params) {
  return parsed(R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}");
}

bool may(const CallerPtr& caller, const std::string& method, const std::string& params = "{}") {
  return !session::refusal(*caller, request(method, params));
}

std::string filtered(const CallerPtr& caller, std::string_view method, const std::string& result) {
  mux::Answer answer = mux::make_result("7", result);
  session::filter(*caller, "7", method, answer);
  CHECK(answer.text.substr(answer.payload.begin, answer.payload.size).front() == '{');
  CHECK(answer.payload.end() == answer.text.size() - 1);
  return answer.text;
}

// A session whose caller is restricted to read-only tools.
struct Reader {
  Reader() : session(w.open()) {
    REQUIRE(session.admit(caller_with([](Permissions& may) { may.read_only = true; })));
  }
  void call(const std::string& tool) {
    REQUIRE(
        session.receive(request("tools/call", R"({"name":")" + tool + R"("})"), delivered.into()));
  }
  jsonrpc::Message asked() { return parsed(w.link->next()); }
  void say(const jsonrpc::Message& to, const std::string& result) {
    w.link->say(R"({"jsonrpc":"2.0","id":)" + std::string(to.id()) + R"(,"result":)" + result +
                "}");
  }

  SessionWorld w;
  BareSession& session;
  Delivered delivered;
};

}  // namespace

TEST_CASE("permission: what is named may be used as the rules for it say") {
  const auto caller = caller_with([](Permissions& may) {
    may.tools.allow = {"get_*"};
    may.prompts.deny = {"secret"};
    may.resources.allow = {"file:///pub/*"};
  });
  CHECK(may(caller, "tools/call", R"({"name":"get_user"})"));
  CHECK(may(caller, "tools/call", R"({"name":"g\u0065t_user"})"));
  CHECK_FALSE(may(caller, "tools/call", R"({"name":"delete"})"));
  CHECK_FALSE(may(caller, "tools/call", R"({"name":"get_\u0000"})"));
  CHECK_FALSE(may(caller, "tools/call", R"({"name":5})"));
  CHECK_FALSE(may(caller, "tools/call"));
  CHECK(may(caller, "prompts/get", R"({"name":"open"})"));
  CHECK_FALSE(may(caller, "prompts/get", R"({"name":"s\u0065cret"})"));
  for (const char* method : {"resources/read", "resources/subscribe", "resources/unsubscribe"}) {
    INFO(method);
    CHECK(may(caller, method, R"({"uri":"file:///pub/a/b"})"));
    CHECK_FALSE(may(caller, method, R"({"uri":"file:///etc/passwd"})"));
  }
}

TEST_CASE("permission: a URI that goes up in its path fits no rule") {
  const auto ruled = caller_with([](Permissions& may) { may.resources.allow = {"file:///pub/*"}; });
  for (const char* uri : {"file:///pub/../etc/passwd", "file:///pub/..", "file:///pub/%2e%2E/etc",
                          "file:///pub/.%2e/etc", "file:///pub/..%2fetc", R"(file:///pub/..\\etc)",
                          "file:///pub/a/..%5cetc"}) {
    INFO(uri);
    CHECK_FALSE(may(ruled, "resources/read", std::string(R"({"uri":")") + uri + R"("})"));
  }
  CHECK(may(ruled, "resources/read", R"({"uri":"file:///pub/a..b/..c/d%2e%"})"));
  const auto other = caller_with([](Permissions& may) { may.tools.allow = {"x"}; });
  CHECK(may(other, "resources/read", R"({"uri":"file:///pub/../etc"})"));
}

TEST_CASE("permission: a URI is held to the rules in every way in which the server may read it") {
  const auto most =
      caller_with([](Permissions& may) { may.resources.deny = {"file:///secret/*"}; });
  const auto some = caller_with([](Permissions& may) { may.resources.allow = {"file:///pub/*"}; });
  for (const char* method : {"resources/read", "resources/subscribe", "resources/unsubscribe"}) {
    INFO(method);
    CHECK_FALSE(may(most, method, R"({"uri":"file://localhost/secr%65t/a"})"));
    CHECK_FALSE(may(some, method, R"({"uri":"file:///pub/.\t./secret/a"})"));
    CHECK(may(most, method, R"({"uri":"file:///pub/%C3%A9 \u00e9"})"));
    CHECK(may(some, method, R"({"uri":"file:///pub/%C3%A9 \u00e9"})"));
  }
  CHECK(filtered(most, "resources/list",
                 R"({"resources":[{"uri":"FILE:/secret/a"},{"uri":"file:///b"}]})") ==
        R"({"jsonrpc":"2.0","id":7,"result":{"resources":[{"uri":"file:///b"}]}})");
  CHECK(
      filtered(
          some, "resources/templates/list",
          R"({"resourceTemplates":[{"uriTemplate":"file:///pub/{+x}"},{"uriTemplate":"file:///pub/\n{x}"}]})") ==
      R"({"jsonrpc":"2.0","id":7,"result":{"resourceTemplates":[{"uriTemplate":"file:///pub/{+x}"}]}})");
}

TEST_CASE("permission: a completion belongs to the prompt or the resource that it is for") {
  const auto caller = caller_with([](Permissions& may) {
    may.prompts.allow = {"open"};
    may.resources.allow = {"file:///pub/*"};
  });
  const auto completes = [&caller](const std::string& ref) {
    return may(caller, "completion/complete",
               R"({"ref":)" + ref + R"(,"argument":{"name":"a","value":""}})");
  };
  CHECK(completes(R"({"type":"ref/prompt","name":"open"})"));
  CHECK_FALSE(completes(R"({"type":"ref/prompt","name":"secret"})"));
  CHECK(completes(R"({"type":"ref/resource","uri":"file:///pub/{x}"})"));
  CHECK_FALSE(completes(R"({"type":"ref/resource","uri":"file:///{x}"})"));
  CHECK_FALSE(completes(R"({"type":"ref/resource","uri":"file:///pub/.\t./{x}"})"));
  CHECK_FALSE(completes(R"({"type":"ref/resource","uri":"file://localhost/pub/a?b\u2028"})"));
  CHECK_FALSE(completes("5"));
  CHECK_FALSE(may(caller, "completion/complete"));
}

TEST_CASE(
    "permission: a caller of whom something is withheld is kept to the methods of the "
    "specification") {
  const auto caller = caller_with([](Permissions& may) { may.tools.deny = {"x"}; });
  for (const char* method : {"initialize", "ping", "tools/list", "prompts/list", "resources/list",
                             "resources/templates/list", "logging/setLevel", "tasks/get"})
    CHECK(may(caller, method));
  CHECK_FALSE(may(caller, "x/delete_all"));
  CHECK(session::may_notify(*caller, "notifications/cancelled"));
  CHECK_FALSE(session::may_notify(*caller, "notifications/x"));
  const auth::Principal anybody;
  CHECK_FALSE(session::refusal(anybody, request("x/delete_all", "{}")));
  CHECK(session::may_notify(anybody, "notifications/x"));
}

TEST_CASE("permission: what may not be used is not listed, and every other byte of a list stays") {
  const auto caller = caller_with([](Permissions& may) {
    may.tools.deny = {"b*"};
    may.prompts.allow = {"p"};
    may.resources.allow = {"file:///pub/*"};
  });
  CHECK(
      filtered(
          caller, "tools/list",
          R"({"x":1.10, "tools":[ {"name":"a"} , {"name":"b1"},{"name":"c","n":1e400}],"nextCursor":"n"})") ==
      R"({"jsonrpc":"2.0","id":7,"result":{"x":1.10, "tools":[{"name":"a"},{"name":"c","n":1e400}],"nextCursor":"n"}})");
  const std::string untouched = R"({"tools":[ {"name":"a"} ] })";
  CHECK(filtered(caller, "tools/list", untouched) ==
        R"({"jsonrpc":"2.0","id":7,"result":)" + untouched + "}");
  CHECK(filtered(caller, "prompts/list", R"({"prompts":[{"name":"q"}]})") ==
        R"({"jsonrpc":"2.0","id":7,"result":{"prompts":[]}})");
  CHECK(filtered(caller, "resources/list",
                 R"({"resources":[{"uri":"file:///pub/1"},{"uri":"file:///x"},5,{}]})") ==
        R"({"jsonrpc":"2.0","id":7,"result":{"resources":[{"uri":"file:///pub/1"}]}})");
  CHECK(filtered(caller, "resources/templates/list",
                 R"({"resourceTemplates":[{"uriTemplate":"file:///{x}"}]})") ==
        R"({"jsonrpc":"2.0","id":7,"result":{"resourceTemplates":[]}})");
  CHECK(filtered(caller, "tools/call", R"({"tools":[{"name":"b"}]})") ==
        R"({"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"b"}]}})");
}

TEST_CASE("permission: a list that two readers could read differently becomes an error") {
  const auto caller = caller_with([](Permissions& may) { may.tools.deny = {"b"}; });
  for (const char* result :
       {R"({"tools":[],"tools":[{"name":"b"}]})", R"({"tools":{"name":"b"}})"}) {
    mux::Answer answer = mux::make_result("7", result);
    session::filter(*caller, "7", "tools/list", answer);
    CHECK(answer.outcome == Outcome::kInternal);
    CHECK_THAT(answer.text, Contains(R"("id":7,"error")") && !Contains(R"("b")"));
  }
  CHECK(filtered(caller, "tools/list", R"({"tools":[{"name":"a","name":"b"}]})") ==
        R"({"jsonrpc":"2.0","id":7,"result":{"tools":[]}})");
}

TEST_CASE("permission: a refused request never reaches the child, and is told why") {
  SessionWorld w;
  BareSession& session = w.open();
  REQUIRE(session.admit(caller_with([](Permissions& may) { may.tools.deny = {"t"}; })));
  Delivered delivered;
  REQUIRE(session.receive(request("tools/call", R"({"name":"t"})"), delivered.into()));
  REQUIRE(session.receive(parsed(R"({"jsonrpc":"2.0","method":"notifications/x"})"), nullptr));
  CHECK(w.link->next().empty());
  CHECK(delivered.answers.at(0).outcome == Outcome::kForbidden);
  CHECK_THAT(delivered.text(), Contains("-32602") && Contains("not permitted"));
  CHECK(session.calls() == 0);
}

TEST_CASE("permission: each request is held to the permissions of the key that it came with") {
  SessionWorld w;
  BareSession& session = w.open();
  Delivered first, second;
  REQUIRE(session.receive(request("tools/call", R"({"name":"t"})"), first.into()));
  w.answer("{}");
  CHECK(first.answers.at(0).outcome == Outcome::kResult);
  REQUIRE(session.admit(caller_with([](Permissions& may) { may.tools.deny = {"t"}; })));
  REQUIRE(session.receive(request("tools/call", R"({"name":"t"})"), second.into()));
  CHECK(second.answers.at(0).outcome == Outcome::kForbidden);
  auto stranger =
      std::make_shared<auth::Principal>(auth::Principal{"bob", "192.0.2.1", true, false});
  CHECK_FALSE(session.admit(stranger));
}

TEST_CASE(
    "permission: who may only read calls a tool once its list says that it only reads, on any "
    "page") {
  Reader reader;
  reader.call("get");
  const auto list = reader.asked();
  CHECK(list.method() == "tools/list");
  CHECK(reader.w.link->next().empty());
  reader.say(list, R"({"tools":[{"name":"set"}],"nextCursor":"2"})");
  const auto more = reader.asked();
  CHECK_THAT(more.text, Contains(R"("cursor":"2")"));
  reader.say(more, R"({"tools":[{"name":"get","annotations":{"readOnlyHint":true}}]})");
  const auto call = reader.asked();
  CHECK(call.method() == "tools/call");
  reader.say(call, R"({"content":[]})");
  CHECK(reader.delivered.text() == R"({"jsonrpc":"2.0","id":1,"result":{"content":[]}})");
}

TEST_CASE("permission: a tool that is not known to only read is refused to who may only read") {
  for (const char* list :
       {R"({"tools":[{"name":"get"}]})", R"({"tools":[]})", "{}", R"({"tools":5})",
        R"({"tools":[{"name":"get","annotations":{"readOnlyHint":false}}]})",
        R"({"tools":[{"name":"get","annotations":{"readOnlyHint":"true"}}]})",
        R"({"tools":[{"name":"get","annotations":{"readOnlyHint":true,"readOnlyHint":false}}]})"}) {
    INFO(list);
    Reader reader;
    reader.call("get");
    reader.say(reader.asked(), list);
    CHECK(reader.w.link->next().empty());
    CHECK(reader.delivered.answers.at(0).outcome == Outcome::kForbidden);
    CHECK(reader.session.calls() == 0);
  }
  CHECK(
      filtered(caller_with([](Permissions& may) { may.read_only = true; }), "tools/list",
               R"({"tools":[{"name":"a"},{"name":"b","annotations":{"readOnlyHint":true}}]})") ==
      R"({"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"b","annotations":{"readOnlyHint":true}}]}})");
}

TEST_CASE(
    "permission: a call that is withdrawn while its tool is looked up never reaches the child") {
  Reader reader;
  reader.call("get");
  const auto list = reader.asked();
  Delivered same;
  CHECK_FALSE(reader.session.receive(request("tools/call", R"({"name":"get"})"), same.into()));
  REQUIRE(reader.session.receive(
      parsed(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})"),
      nullptr));
  CHECK(reader.delivered.answers.at(0).outcome == Outcome::kCancelled);
  CHECK(reader.w.metrics.dropped("cancel_of_unknown_call").Value() == 0);
  reader.say(list, R"({"tools":[{"name":"get","annotations":{"readOnlyHint":true}}]})");
  CHECK(reader.w.link->next().empty());
  CHECK(reader.delivered.answers.size() == 1);
  CHECK(reader.session.calls() == 0);
}

TEST_CASE("permission: the sidecar's look-up of a tool takes no id of the client") {
  for (const std::string id : {R"("mcp-sidecar/tools")", "0", R"("0")", "1"}) {
    INFO(id);
    Reader reader;
    const std::string text =
        R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"tools/call","params":{"name":"get"}})";
    REQUIRE(reader.session.receive(parsed(text), reader.delivered.into()));
    const auto list = reader.asked();
    CHECK(list.method() == "tools/list");
    reader.say(list, R"({"tools":[{"name":"get","annotations":{"readOnlyHint":true}}]})");
    const auto call = reader.asked();
    CHECK(call.method() == "tools/call");
    CHECK(reader.delivered.answers.empty());
    reader.say(call, R"({"content":[]})");
    CHECK(reader.delivered.text() ==
          R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{"content":[]}})");
    CHECK(reader.session.calls() == 0);
  }
}

TEST_CASE("permission: a client can neither cancel the sidecar's look-up nor collide with its id") {
  Reader reader;
  reader.call("get");
  const auto list = reader.asked();
  Delivered other;
  for (const std::string id : {R"("mcp-sidecar/tools")", "0"}) {
    REQUIRE(reader.session.receive(
        parsed(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
               id + "}}"),
        nullptr));
    REQUIRE(reader.session.receive(
        parsed(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"prompts/list"})"), other.into()));
    CHECK(reader.asked().method() == "prompts/list");
  }
  reader.say(list, R"({"tools":[{"name":"get","annotations":{"readOnlyHint":true}}]})");
  CHECK(reader.asked().method() == "tools/call");
  CHECK(reader.delivered.answers.empty());
}

TEST_CASE("permission: a session that ends while a tool is looked up hears nothing more") {
  Reader reader;
  reader.call("get");
  const auto list = reader.asked();
  reader.w.sessions.end(reader.session.id(), "a test");
  CHECK(reader.asked().method() == "notifications/cancelled");
  reader.say(list, R"({"tools":[{"name":"get","annotations":{"readOnlyHint":true}}]})");
  CHECK(reader.delivered.answers.empty());
}
