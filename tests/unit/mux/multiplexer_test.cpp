// Multiplexer: the destination of each message, and the changes made to it.
#include <fmt/format.h>

#include "multiplexer_world.hpp"

using namespace sidecar;
using namespace sidecar::test::multiplexer;
using namespace std::chrono_literals;

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

TEST_CASE(
    "multiplexer: a client's id comes back byte for byte, and nothing else of a message changes") {
  World w;
  w.ready();
  Session a(w.mux);
  for (const char* id : {"1", "1.0", "\"1\"", "\"\\u0061\\/\"", "123456789012345678901234567890",
                         "-0", "1e400", "\"\""}) {
    const std::string params = R"({"z":1.10,"a":18446744073709551616,"_meta":{"x":"\ud800"}})";
    a.say(R"({"method":"tools/call","params":)" + params + R"(,"id":)" + id +
          R"(,"jsonrpc":"2.0"})");
    const std::string line = w.link.next();
    CHECK(line == R"({"method":"tools/call","params":)" + params + R"(,"id":)" + wire_id_of(line) +
                      R"(,"jsonrpc":"2.0"})");
    w.child(R"({"result": {"b":1e400,"a":-0} ,"jsonrpc":"2.0","id":)" + wire_id_of(line) + "}");
    CHECK(a.next() ==
          R"({"result": {"b":1e400,"a":-0} ,"jsonrpc":"2.0","id":)" + std::string(id) + "}");
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
    "multiplexer: initialize is answered from the child's result, with the version rule and all "
    "other bytes") {
  World w;
  w.ready();
  Session a(w.mux);
  auto initialize = [&](const char* version) {
    a.say(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" +
          std::string(version) +
          R"(","capabilities":{},"clientInfo":{"name":"c","version":"1"}}})");
    return a.next();
  };
  const std::string own =
      R"({"jsonrpc":"2.0","id":0,"result":)" + std::string(kInitializeResult) + "}";
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

TEST_CASE(
    "multiplexer: calls and initialize wait for the handshake, then go in the order they came") {
  World w;
  Session a(w.mux), b(w.mux);
  a.say(
      R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18"}})");
  a.say(R"({"jsonrpc":"2.0","id":2,"method":"tools/list"})");
  w.start();
  b.say(R"({"jsonrpc":"2.0","id":1,"method":"prompts/list"})");
  b.say(R"({"jsonrpc":"2.0","method":"notifications/custom"})");
  CHECK(a.received.empty());
  CHECK(w.link.sent.size() == 1);
  w.shake();
  CHECK(parsed(a.next()).kind() == jsonrpc::Kind::kResult);
  CHECK(parsed(w.link.next()).method() == "tools/list");
  CHECK(parsed(w.link.next()).method() == "prompts/list");
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
            std::string(parsed(line).envelope.progress_token.in(line)) + R"(,"progress":)" +
            std::to_string(value) + "}}");
  };
  progress(second, 5);
  CHECK(a.received.empty());
  CHECK(
      b.next() ==
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":5}})");
  w.child(answer_to(second, "{}"));
  progress(second, 6);
  CHECK(w.dropped("progress_of_unknown_call") == 1);
  progress(first, 7);
  CHECK(
      a.next() ==
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":7}})");
}

TEST_CASE(
    "multiplexer: a cancelled call's answer is dropped, and only its own session's calls can be "
    "cancelled") {
  World w;
  w.ready();
  Session a(w.mux), b(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":"1","method":"tools/call"})");
  const std::string line = w.link.next();
  auto cancel = [](const char* id) {
    return R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
           std::string(id) + R"(,"reason":"r"}})";
  };
  b.say(cancel("\"1\""));
  a.say(cancel("1"));
  CHECK(w.link.next().empty());
  CHECK(w.dropped("cancel_of_unknown_call") == 2);
  a.say(cancel("\"1\""));
  CHECK(w.link.next() ==
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
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
  const jsonrpc::Message cancel = parsed(w.link.next());
  CHECK(cancel.method() == "notifications/cancelled");
  CHECK(cancel.envelope.request_id.in(cancel.text) == wire_id_of(line));
  w.child(answer_to(line, "{}"));
  CHECK(a.received.empty());
}

TEST_CASE("multiplexer: late, doubled, unknown and meaningless answers are counted and dropped") {
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

TEST_CASE(
    "multiplexer: a message of the child that two readers could read differently is dropped and "
    "counted") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
  const std::string line = w.link.next();
  const std::string id = wire_id_of(line);
  const std::string texts[] = {
      R"({"jsonrpc":"2.0","id":)" + id + R"(,"ID":)" + id + R"(,"result":{}})",
      R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{},"Result":{}})",
      R"({"jsonrpc":"2.0","id":)" + id + R"(,"re\u017fult":{},"result":{}})",
      R"({"jsonrpc":"2.0","id":)" + id + R"(,"id\u0000":5,"result":{}})",
      R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","Level":"debug"}})",
      R"({"jsonrpc":"2.0","method":"notifications/message","params":{"data":1,"data":2}})",
      R"({"jsonrpc":"2.0","id":5,"method":"roots/list","params":{"_meta":{"ProgressToken":1}}})",
      R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed\u0000"})",
      R"({"jsonrpc":"2.0","id":5,"method":"Roots/list"})",
  };
  for (const std::string& text : texts) w.child(text);
  w.child("[" + texts[0] + "," + texts[4] + "]");
  CHECK(w.dropped("ambiguous_member") == 11);
  CHECK(w.dropped("junk_on_stdout") == 0);
  CHECK(a.received.empty());
  CHECK(w.link.next().empty());
  w.child(answer_to(line, R"({"tools":[],"Name":1,"name":2})"));
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":1,"result":{"tools":[],"Name":1,"name":2}})");
}

TEST_CASE("multiplexer: requests and notifications of the child are distinguished by name too") {
  World w;
  w.ready();
  Session a(w.mux);
  for (const char* name :
       {"sampling/createMessage", "tools/call", "ping", "Notifications/custom", ""})
    w.child(R"({"jsonrpc":"2.0","method":")" + std::string(name) + R"("})");
  CHECK(w.dropped("request_without_id") == 5);
  CHECK(w.link.next().empty());
  w.child(
      R"({"jsonrpc":"2.0","id":"q","method":"notifications/cancelled","params":{"requestId":1}})");
  const jsonrpc::Message refused = parsed(w.link.next());
  CHECK(refused.id() == R"("q")");
  CHECK(refused.text.find("-32600") != std::string::npos);
  CHECK(a.received.empty());
}

TEST_CASE(
    "multiplexer: a list of tasks that cannot be read becomes an error, because it could be "
    "anybody's") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"tasks/list"})");
  w.child(answer_to(w.link.next(), R"({"tasks":[],"Tasks":[{"taskId":"T"}]})"));
  CHECK(a.last == mux::Outcome::kInternal);
  CHECK(a.next().find("cannot be read") != std::string::npos);
}

TEST_CASE("multiplexer: a list whose _meta names a tenant is neither shared nor cached") {
  World w;
  w.ready();
  Session a(w.mux), b(w.mux);
  const auto list = [](int id, const char* meta) {
    return R"({"jsonrpc":"2.0","id":)" + std::to_string(id) +
           R"(,"method":"tools/list","params":{"_meta":)" + meta + "}}";
  };
  a.say(list(1, R"({"tenant":"a"})"));
  b.say(list(1, R"({"tenant":"b"})"));
  const std::string first = w.link.next(), second = w.link.next();
  REQUIRE_FALSE(second.empty());
  w.child(answer_to(second, R"({"tools":["of b"]})"));
  w.child(answer_to(first, R"({"tools":["of a"]})"));
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":1,"result":{"tools":["of a"]}})");
  CHECK(b.next() == R"({"jsonrpc":"2.0","id":1,"result":{"tools":["of b"]}})");
  a.say(list(2, R"({"tenant":"a"})"));
  REQUIRE_FALSE(w.link.next().empty());
  b.say(list(2, R"({"progressToken":1,"traceparent":"t"})"));
  const std::string common = w.link.next();
  REQUIRE_FALSE(common.empty());
  w.child(answer_to(common, R"({"tools":["of all"]})"));
  a.say(list(3, R"({"progressToken":2})"));
  CHECK(w.link.next().empty());
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":3,"result":{"tools":["of all"]}})");
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

TEST_CASE(
    "multiplexer: a notification without an address goes to its certain origin, never across "
    "owners") {
  World w;
  w.ready();
  Session a(w.mux, "one"), b(w.mux, "two");
  const std::string note =
      R"({"jsonrpc":"2.0","method":"notifications/message","params":{"data":"secret"}})";
  w.child(note);
  CHECK(w.dropped("notification_without_origin") == 1);
  a.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})");
  const std::string line = w.link.next();
  w.child(note);
  CHECK(a.next() == note);
  b.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})");
  w.child(note);
  CHECK(w.dropped("notification_without_origin") == 2);
  // Cancelled, but the child may still work on it.
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
  const std::string note =
      R"({"jsonrpc":"2.0","method":"notifications/message","params":{"data":"d"}})";
  w.child(note);
  CHECK(a.next() == note);
  CHECK(b.next() == note);
}

TEST_CASE("multiplexer: a message caused by a REST call reaches no session") {
  World w;
  w.ready();
  Session a(w.mux);
  w.mux.request(mux::kNoClient, parsed(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})"),
                mux::Reply("1", [](mux::Answer) {}));
  w.child(R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})");
  CHECK(a.received.empty());
  CHECK(w.dropped("notification_of_rest_call") == 1);
}

TEST_CASE("multiplexer: a refused request of the child is answered with the reason") {
  World w;
  w.ready();
  Session a(w.mux);
  w.child(R"({"jsonrpc":"2.0","id":"s-1","method":"sampling/createMessage","params":{}})");
  const jsonrpc::Message refusal = parsed(w.link.next());
  CHECK(refusal.kind() == jsonrpc::Kind::kError);
  CHECK(refusal.id() == "\"s-1\"");
  CHECK(a.received.empty());
}

TEST_CASE("multiplexer: a client's answer to no request is dropped") {
  World w;
  w.ready();
  Session a(w.mux);
  a.say(R"({"jsonrpc":"2.0","id":1,"result":{}})");
  CHECK(w.link.next().empty());
  CHECK(w.dropped("answer_to_nothing") == 1);
}

namespace {

std::string ask_for(int id, std::string_view method, std::string_view params) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{{{}}}}})", id, method,
                     params);
}

}  // namespace

TEST_CASE("multiplexer: a URI with a control character is neither subscribed to nor released") {
  World w;
  w.ready();
  Session a(w.mux), b(w.mux);
  a.say(ask_for(1, "resources/subscribe", R"("uri":"x:y")"));
  w.child(answer_to(w.link.next(), "{}"));
  CHECK(a.last == mux::Outcome::kResult);
  int id = 1;
  for (const char* method : {"resources/subscribe", "resources/unsubscribe"}) {
    for (const char* uri : {"x:y\\u0000", "x:y\\u0000z", "x:\\ty", "x:y\\u007f"}) {
      INFO(method << " " << uri);
      b.received.clear();
      b.say(ask_for(++id, method, fmt::format(R"("uri":"{}")", uri)));
      CHECK(b.last == mux::Outcome::kError);
      CHECK(b.next().find(R"("code":-32602,"message":"the URI has a control character")") !=
            std::string::npos);
      CHECK(w.link.next().empty());
    }
  }
}

TEST_CASE("multiplexer: a log level that a server could take for another one is not passed on") {
  World w;
  w.ready();
  Session a(w.mux);
  int id = 0;
  for (const char* level : {"debug\\u0000", "DEBUG", "Info", "debug\\u0000x"}) {
    INFO(level);
    a.say(ask_for(++id, "logging/setLevel", fmt::format(R"("level":"{}")", level)));
    CHECK(a.last == mux::Outcome::kError);
    CHECK(w.link.next().empty());
  }
  a.say(ask_for(++id, "logging/setLevel", R"("level":"chatty")"));
  CHECK_FALSE(w.link.next().empty());  // the child itself refuses it
}

TEST_CASE("multiplexer: another client's task is not found by its id and a NUL") {
  World w;
  w.ready();
  Session a(w.mux), b(w.mux);
  a.say(ask_for(1, "tools/call", R"("name":"x","task":{})"));
  w.child(answer_to(w.link.next(), R"({"task":{"taskId":"T","status":"working"}})"));
  int id = 0;
  for (const char* method : {"tasks/get", "tasks/result", "tasks/cancel"}) {
    for (Session* session : {&a, &b}) {
      session->say(ask_for(++id + 1, method, R"("taskId":"T\u0000")"));
      CHECK(session->last == mux::Outcome::kError);
      CHECK(w.link.next().empty());
    }
  }
}

TEST_CASE("multiplexer: ids and progress tokens with a NUL stay the client's own") {
  World w;
  w.ready();
  Session a(w.mux);
  for (const char* id : {"a", "a\\u0000"}) {
    a.say(fmt::format(
        R"({{"jsonrpc":"2.0","id":"{}","method":"tools/call","params":{{"name":"x","_meta":{{"progressToken":"{}"}}}}}})",
        id, id));
  }
  const std::string first = w.link.next();
  const std::string second = w.link.next();
  CHECK(first.find("\\u0000") == std::string::npos);
  CHECK(second.find("\\u0000") == std::string::npos);
  w.child(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)" +
          wire_id_of(second) + R"(,"progress":1}})");
  CHECK(
      a.next() ==
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"a\u0000","progress":1}})");
  a.say(
      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a\u0000b"}})");
  CHECK(w.dropped("cancel_of_unknown_call") == 1);
  CHECK(w.link.next().empty());
  w.child(answer_to(second, R"({"n":2})"));
  w.child(answer_to(first, R"({"n":1})"));
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":"a\u0000","result":{"n":2}})");
  CHECK(a.next() == R"({"jsonrpc":"2.0","id":"a","result":{"n":1}})");
}

TEST_CASE("multiplexer: names, URIs and cursors with a NUL pass unchanged; a page is kept by it") {
  World w;
  w.ready();
  Session a(w.mux), b(w.mux);
  int id = 0;
  const std::pair<const char*, const char*> rows[] = {
      {"tools/call", R"("name":"x\u0000y")"},
      {"prompts/get", R"("name":"x\u0000y")"},
      {"resources/read", R"("uri":"x:y\u0000z")"},
      {"completion/complete", R"("ref":{"name":"x\u0000"})"},
      {"tools/list", R"("cursor":"c\u0000")"},
      {"tools/list", R"("cursor":"c")"}};
  for (const auto& [method, params] : rows) {
    INFO(method << params);
    a.say(ask_for(++id, method, params));
    const std::string line = w.link.next();
    CHECK(line.find(params) != std::string::npos);
    w.child(answer_to(line, fmt::format(R"({{"page":{}}})", id)));
    CHECK(a.next().find(fmt::format(R"("page":{})", id)) != std::string::npos);
  }
  b.say(ask_for(1, "tools/list", R"("cursor":"c\u0000")"));
  CHECK(b.next().find(R"("page":5)") != std::string::npos);
}
