#include "session/with_trace_context.hpp"

#include "unit/session/world.hpp"

using namespace sidecar;
using observe::TraceContext;
using test::parsed;

namespace {

const std::string kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const std::string kMember =
    R"("traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")";

std::string after(const std::string& text, const TraceContext& trace = {kParent, ""}) {
  return session::with_trace_context(parsed(text), trace).text;
}

}  // namespace

TEST_CASE(
    "with_trace_context: the context goes into _meta, which is made where there is none; all other "
    "bytes stay") {
  CHECK(after(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})") ==
        R"({"params":{"_meta":{)" + kMember +
            R"(}},"jsonrpc":"2.0","id":1,"method":"tools/list"})");
  CHECK(after(R"({"id":1,"params":{},"jsonrpc":"2.0","method":"m"})") ==
        R"({"id":1,"params":{"_meta":{)" + kMember + R"(}},"jsonrpc":"2.0","method":"m"})");
  CHECK(after(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{ "a" : 1e2 }})") ==
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{)" + kMember +
            R"(}, "a" : 1e2 }})");
  CHECK(after(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":7}}})") ==
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{)" + kMember +
            R"(,"progressToken":7}}})");
  CHECK(after(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{ }}})") ==
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{)" + kMember + R"( }}})");
}

TEST_CASE("with_trace_context: the message that comes of it is read anew") {
  const auto message = session::with_trace_context(
      parsed(
          R"({"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"a","_meta":{"progressToken":7}}})"),
      {kParent, "a=1"});
  CHECK(message.id() == R"("x")");
  CHECK(message.envelope.name.in(message.text) == R"("a")");
  CHECK(message.envelope.progress_token.in(message.text) == "7");
  CHECK(message.text.find(R"("tracestate":"a=1")") != std::string::npos);
}

TEST_CASE(
    "with_trace_context: nothing is put over what a client says itself, or where nothing can be "
    "put") {
  for (const std::string text :
       {R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"traceparent":"own"}}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":7}})",
        R"({"jsonrpc":"2.0","id":1,"method":"m","params":[1]})"})
    CHECK(after(text) == text);
  const std::string plain = R"({"jsonrpc":"2.0","id":1,"method":"m"})";
  CHECK(after(plain, {}) == plain);
}

TEST_CASE("trace context: what is malformed is not there") {
  CHECK(TraceContext::from(kParent, "").trace_id() == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(TraceContext::from(kParent, "congo=t61,rojo=00f0").state == "congo=t61,rojo=00f0");
  CHECK(TraceContext::from(kParent, "a\x01").state.empty());
  CHECK(TraceContext::from(kParent, std::string(513, 'a')).state.empty());
  CHECK(TraceContext::from("cc" + kParent.substr(2) + "-more", "").parent ==
        "cc" + kParent.substr(2));
  const std::string zeros = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
  const std::vector<std::string> malformed = {
      std::string(),
      std::string("00"),
      kParent + "-",
      kParent.substr(1),
      "ff" + kParent.substr(2),
      zeros,
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      kParent.substr(0, 54) + "\"",
      "cc" + kParent.substr(2) + "x"};
  for (const std::string& wrong : malformed) {
    INFO(wrong);
    CHECK_FALSE(TraceContext::from(wrong, "a=1"));
    CHECK(TraceContext::from(wrong, "a=1").state.empty());
  }
}
