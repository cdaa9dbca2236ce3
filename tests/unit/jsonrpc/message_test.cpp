#include "jsonrpc/message.hpp"

#include "jsonrpc/splice.hpp"
#include "support/catch.hpp"
#include "support/messages.hpp"

using sidecar::jsonrpc::kMaxKept;
using namespace sidecar;
using jsonrpc::Kind;
using jsonrpc::Message;
using jsonrpc::parse;
using test::parsed;

namespace {

int code_of(std::string text) {
  auto message = parse(std::move(text));
  return message ? 0 : message.error().code;
}

std::string nested(int depth) {
  return R"({"jsonrpc":"2.0","method":"m","params":)" +
         std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']') + "}";
}

}  // namespace

TEST_CASE("message: the places of a request's members are found") {
  const Message m = parsed(
      R"( {"params" : {"x":[{"id":9}],"_meta":{"progressToken" : "t-1","id":8},"name":"echo","uri":"u:1"} ,"id": 1.50e1 ,"method":"tools/call","jsonrpc":"2.0"} )");
  CHECK(m.kind() == Kind::kRequest);
  CHECK(m.method() == "tools/call");
  CHECK(m.id() == "1.50e1");
  CHECK(m.envelope.name.in(m.text) == R"("echo")");
  CHECK(m.envelope.uri.in(m.text) == R"("u:1")");
  CHECK(m.envelope.progress_token.in(m.text) == R"("t-1")");
  CHECK(m.envelope.params.in(m.text).front() == '{');
  CHECK(m.envelope.params.in(m.text).back() == '}');
}

TEST_CASE("message: the kind follows from the members") {
  CHECK(parsed(R"({"jsonrpc":"2.0","method":"notifications/x"})").kind() == Kind::kNotification);
  CHECK(parsed(R"({"jsonrpc":"2.0","id":"a","result":{}})").kind() == Kind::kResult);
  CHECK(parsed(R"({"jsonrpc":"2.0","id":1,"result":null})").kind() == Kind::kResult);
  CHECK(parsed(R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}})").kind() ==
        Kind::kError);
  CHECK(parsed(R"({"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}})").kind() ==
        Kind::kError);
}

TEST_CASE(
    "message: the token of a progress notification is taken from params, that of a request from "
    "_meta") {
  const Message progress = parsed(
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1}})");
  CHECK(progress.envelope.progress_token.in(progress.text) == "7");
  const Message request =
      parsed(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"progressToken":7}})");
  CHECK_FALSE(request.envelope.progress_token);
}

TEST_CASE("message: keys and methods written with escapes are understood") {
  const Message m = parsed("{\"jsonrpc\":\"2.0\",\"\\u0069d\":5,\"method\":\"pi\\u006eg\"}");
  CHECK(m.kind() == Kind::kRequest);
  CHECK(m.id() == "5");
  CHECK(m.method() == "ping");
}

TEST_CASE("message: a text that is not one valid JSON value is a parse error") {
  const char* texts[] = {
      "",
      " ",
      "{",
      "}",
      "nul",
      "01",
      "\"a\" \"b\"",
      "1 2",
      R"({"jsonrpc":"2.0","id":1,"method":"m")",
      R"({"jsonrpc":"2.0","id":1,"method":"m"}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m"} {})",
      R"({"jsonrpc":"2.0","id":1,"method":"m"} x)",
      R"({"jsonrpc":"2.0","id":1,"method":"m",})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[1,2,,]}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[1,]}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[,1]}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[1 2]}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":["b":1]}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"b":1}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[1}}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":{"b":1]}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a" 1}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{a:1}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{1:2}})",
      R"({"jsonrpc":"2.0","id":01,"method":"m"})",
      R"({"jsonrpc":"2.0","id":01x,"method":"m"})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":[+1]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":[1.]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":[.5]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":[1e]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":[-]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":[0x10]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":[NaN]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":[tru]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":[truex]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":[nulll]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":['a']})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":["\x"]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":["\u12g4"]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":["\u12"]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"\q":1}})",
      R"({"jsonrpc":"2.0","id":1,"method":"m","params":["a]})",
      R"({"jsonrpc":"2.0","id":1,"method":"m"/*c*/})",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\nb\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\rb\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\tb\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xc0\xaf\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xed\xa0\x80\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"\xf5\":1}}",
      "\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}\x0c",
  };
  for (const char* text : texts) {
    INFO(text);
    CHECK(code_of(text) == -32700);
  }
  CHECK(code_of(std::string("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}\0", 39)) == -32700);
}

TEST_CASE(
    "message: valid JSON that is not a message is an invalid request, with its id if one can be "
    "read") {
  struct Row {
    const char* text;
    const char* id;
  };
  const Row rows[] = {
      {R"([])", "null"},
      {R"([{"jsonrpc":"2.0","id":1,"method":"m"}])", "null"},
      {R"("text")", "null"},
      {R"(17)", "null"},
      {R"({})", "null"},
      {R"({"id":1,"method":"m"})", "1"},
      {R"({"jsonrpc":"1.0","id":"x","method":"m"})", "\"x\""},
      {R"({"jsonrpc":2.0,"id":1,"method":"m"})", "1"},
      {R"({"jsonrpc":"2.0","id":1})", "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":5})", "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":null})", "1"},
      {R"({"jsonrpc":"2.0","id":null,"method":"m"})", "null"},
      {R"({"jsonrpc":"2.0","id":true,"method":"m"})", "null"},
      {R"({"jsonrpc":"2.0","id":{},"method":"m"})", "null"},
      {R"({"jsonrpc":"2.0","id":[1],"method":"m"})", "null"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","params":5})", "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","result":{}})", "1"},
      {R"({"jsonrpc":"2.0","id":1,"result":{},"error":{}})", "1"},
      {R"({"jsonrpc":"2.0","id":1,"error":"text"})", "1"},
      {R"({"jsonrpc":"2.0","result":{}})", "null"},
      {R"({"jsonrpc":"2.0","id":null,"result":{}})", "null"},
      {R"({"jsonrpc":"2.0","id":1,"id":2,"method":"m"})", "null"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","\u006dethod":"n"})", "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"name":"a","name":"b"}})", "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":1,"progressToken":2}}})",
       "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"\ud800"})", "1"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto message = parse(row.text);
    REQUIRE_FALSE(message);
    CHECK(message.error().code == -32600);
    CHECK(message.error().id == row.id);
    CHECK_FALSE(message.error().message.empty());
  }
}

TEST_CASE(
    "message: numbers, escapes and lone surrogates that other parsers change or refuse pass "
    "untouched") {
  const char* values[] = {"9007199254740993",
                          "18446744073709551616",
                          "123456789012345678901234567890",
                          "1.0",
                          "1.10",
                          "-0",
                          "1e400",
                          "1E+2",
                          "0.1e-999",
                          R"("\ud800")",
                          R"("\/\u00e9\"")",
                          "\"\xe2\x80\xa8\xf0\x9f\x98\x80\"",
                          R"({"":1,"b":2,"a":3,"b":4})",
                          "[ 1 ,\t2 ]",
                          R"({"\ud83d":1})"};
  for (const char* value : values) {
    const std::string text =
        std::string(R"({"jsonrpc":"2.0","id":1,"result":{"v":)") + value + "}}";
    INFO(text);
    CHECK(parsed(text).text == text);
  }
}

TEST_CASE("message: isError is read from the result only") {
  const Message failed = parsed(
      R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"isError":1}],"is\u0045rror" : true}})");
  CHECK(failed.envelope.is_error.in(failed.text) == "true");
  const Message other =
      parsed(R"({"jsonrpc":"2.0","id":1,"isError":true,"result":{"content":[{"isError":true}]}})");
  CHECK_FALSE(other.envelope.is_error);
}

TEST_CASE("message: a long message has its line ends replaced to the end") {
  const std::string spaces(100'000, ' ');
  std::string ends = spaces;
  for (std::size_t i = 0; i < ends.size(); i += 1000) ends[i] = i % 2000 == 0 ? '\n' : '\r';
  const std::string head = R"({"jsonrpc":"2.0","method":"m","params":[)";
  CHECK((parsed(head + ends + "]}" + ends).text == head + spaces + "]}" + spaces));
}

TEST_CASE("message: line ends between tokens become spaces, so that a message is one line") {
  const Message m = parsed("{\r\n\"jsonrpc\":\"2.0\",\n\"id\":1,\r\"method\":\"m\"\n}\n");
  CHECK(m.text == "{  \"jsonrpc\":\"2.0\", \"id\":1, \"method\":\"m\" } ");
  CHECK(m.id() == "1");
}

TEST_CASE(
    "message: an id, a method and a progress token are accepted up to the limit and refused beyond "
    "it") {
  const auto text = [](std::size_t id, std::size_t method, std::size_t token) {
    const auto word = [](std::size_t size) { return '"' + std::string(size - 2, 'x') + '"'; };
    return R"({"jsonrpc":"2.0","id":)" + word(id) + R"(,"method":)" + word(method) +
           R"(,"params":{"_meta":{"progressToken":)" + word(token) + "}}}";
  };
  CHECK(parse(text(kMaxKept, kMaxKept, kMaxKept)).has_value());
  for (const std::string& long_one :
       {text(kMaxKept + 1, 9, 9), text(9, kMaxKept + 1, 9), text(9, 9, kMaxKept + 1)}) {
    const auto refused = parse(long_one);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == -32600);
  }
  CHECK(parse(text(kMaxKept + 1, 9, 9)).error().id == "null");
  CHECK(parse(text(9, 9, kMaxKept + 1)).error().id == R"("xxxxxxx")");
}

TEST_CASE("message: nesting is accepted up to the limit and refused beyond it") {
  CHECK(code_of(nested(jsonrpc::kMaxDepth - 1)) == 0);
  CHECK(code_of(nested(jsonrpc::kMaxDepth)) == -32700);
  CHECK(code_of(nested(100'000)) == -32700);
}

TEST_CASE("message: a text beyond the kept parser's size is parsed like any other") {
  const std::string big(3 << 20, 'x');
  const Message m = parsed(R"({"jsonrpc":"2.0","id":"k","result":{"a":")" + big + R"("}})");
  CHECK(m.id() == "\"k\"");
  CHECK(m.envelope.result.size == big.size() + 8);
}

TEST_CASE("string tokens: decoding reverses encoding; a token that is not a string is refused") {
  CHECK(jsonrpc::string_value(R"("a\u00e9\n")").value() == "a\xc3\xa9\n");
  CHECK_FALSE(jsonrpc::string_value("5"));
  CHECK_FALSE(jsonrpc::string_value(R"("\ud800")"));
  CHECK(jsonrpc::string_token("a\"\n\x01") == R"("a\"\n\u0001")");
  CHECK(jsonrpc::string_token("\xff") == "\"\xef\xbf\xbd\"");
}

TEST_CASE("splice: a text that becomes much shorter takes as little memory as its size says") {
  const std::string text = '"' + std::string(1 << 20, 'x') + '"';
  const std::string spliced = jsonrpc::splice(text, {{jsonrpc::Span{0, text.size()}, "[]"}});
  CHECK(spliced == "[]");
  CHECK(spliced.capacity() <= spliced.size() + 2 * jsonrpc::kPadding);
  const std::string object = R"({"a":)" + text + R"(,"b":1})";
  const std::string rest = jsonrpc::without_member(object, {0, object.size()}, {5, text.size()});
  CHECK(rest == R"({"b":1})");
  CHECK(rest.capacity() <= rest.size() + 2 * jsonrpc::kPadding);
}

TEST_CASE("splice: only the given ranges change, in whatever order they are named") {
  const Message m = parsed(
      R"({"id":"c-1","jsonrpc":"2.0","method":"m","params":{"_meta":{"progressToken":5},"n":1.10}})");
  const std::string spliced =
      jsonrpc::splice(m.text, {{m.envelope.progress_token, "77"}, {m.envelope.id, "12345"}});
  CHECK(
      spliced ==
      R"({"id":12345,"jsonrpc":"2.0","method":"m","params":{"_meta":{"progressToken":77},"n":1.10}})");
  CHECK(spliced.capacity() >= spliced.size() + jsonrpc::kPadding);
  const std::string in_place = jsonrpc::splice_in_place(
      m.text, {{m.envelope.progress_token, "77"}, {m.envelope.id, "12345"}});
  CHECK(in_place == spliced);
  CHECK(in_place.capacity() >= in_place.size() + jsonrpc::kPadding);
  CHECK(jsonrpc::splice("abc", {{jsonrpc::Span{}, "x"}}) == "abc");
  CHECK(jsonrpc::splice_in_place("abc", {{jsonrpc::Span{}, "x"}}) == "abc");
}

TEST_CASE("splice: built messages are valid, whatever their texts contain") {
  CHECK(parsed(jsonrpc::error_text("\"i\"",
                                   jsonrpc::error_object(-32000, "say \"no\"\n\xff", R"({"a":1})")))
            .kind() == Kind::kError);
  CHECK(parsed(jsonrpc::result_text("1", "{}")).kind() == Kind::kResult);
  CHECK(parsed(jsonrpc::request_text("1", "a\"b", {})).method() == "a\"b");
  CHECK(parsed(jsonrpc::notification_text("n", "[1]")).kind() == Kind::kNotification);
}
