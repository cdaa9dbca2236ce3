// What real servers write to stdout that is almost, or not at all, a message.
#include <algorithm>
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sstream>

#include "multiplexer_world.hpp"
#include "mux/core/stray_output.hpp"
#include "mux/core/wire.hpp"

using namespace sidecar;
using namespace sidecar::test::multiplexer;

namespace {

constexpr const char* kCall =
    R"({"jsonrpc":"2.0","id":"mine","method":"tools/call","params":{"name":"t","_meta":{"progressToken":"p"}}})";

// A client with one call at the child.
struct OneCall : World {
  OneCall() {
    ready();
    client.emplace(mux);
    client->say(kCall);
    id = wire_id_of(link.next());
  }
  // The child writes the text with its id for @.
  void writes(std::string text) {
    for (std::size_t at = text.find('@'); at != text.npos; at = text.find('@', at))
      text.replace(at, 1, id);
    text.reserve(text.size() + jsonrpc::kPadding);
    child(std::move(text));
  }

  std::optional<Session> client;
  std::string id;
};

}  // namespace

TEST_CASE("child_output: an id or token that the child has converted still names its call") {
  OneCall w;
  const auto form = GENERATE(as<std::string>{}, "\"@\"", "@.0", "@e0", "@.000");
  w.writes(
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":)" +
      form + "}}");
  CHECK(
      w.client->next() ==
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":"p"}})");
  w.writes(R"({"jsonrpc":"2.0","id":)" + form + R"(,"result":{"a":1}})");
  CHECK(w.client->next() == R"({"jsonrpc":"2.0","id":"mine","result":{"a":1}})");
}

TEST_CASE("child_output: text that is no spelling of a number names no call") {
  for (const char* token : {"\"\"", "\"7", "\" 7\"", "\"7.0\"", "7.5", "-7", "1e400",
                            "9007199254740993.0", "nan", "inf", "", "\"-7\"", "true", "0x7"})
    CHECK_FALSE(mux::number_of(token));
  CHECK(mux::number_of("\"7\"") == 7);
  CHECK(mux::number_of("7.0e0") == 7);
  CHECK(mux::number_of("18446744073709551615") == 18446744073709551615U);
}

TEST_CASE("child_output: bytes that are not UTF-8 become U+FFFD, and valid lines keep every byte") {
  OneCall w;
  w.writes("{\"jsonrpc\":\"2.0\",\"id\":@,\"result\":{\"text\":\"caf\xe9 \\u00e9 \xc3\xa9\"}}");
  CHECK(w.client->next() ==
        "{\"jsonrpc\":\"2.0\",\"id\":\"mine\",\"result\":{\"text\":\"caf\xef\xbf\xbd \\u00e9 "
        "\xc3\xa9\"}}");
  CHECK(w.dropped("junk_on_stdout") == 0);
}

TEST_CASE("child_output: a byte order mark before a message is skipped") {
  OneCall w;
  w.writes("\xEF\xBB\xBF{\"jsonrpc\":\"2.0\",\"id\":@,\"result\":{}}");
  CHECK(w.client->next() == R"({"jsonrpc":"2.0","id":"mine","result":{}})");
}

TEST_CASE("child_output: an answer that cannot be used ends its call with the reason") {
  const auto line = GENERATE(as<std::string>{}, R"({"jsonrpc":"2.0","id":@,"result":{"mean":NaN}})",
                             R"({"jsonrpc":"2.0","id":@,"error":"it broke"})",
                             R"(done. {"jsonrpc":"2.0","id":@,"result":{"content":[]}})",
                             "{\"jsonrpc\":\"2.0\",\"id\":@,\"result\":{\"text\":\"a\tb\"}}",
                             R"({"id":@,"result":{"content":[]}})",
                             R"({"jsonrpc":"2.0","id":@,"result":{"content":[)",
                             R"({"result":{"mean":NaN},"id":@,"jsonrpc":"2.0"})",
                             R"({"jsonrpc":"2.0","id":"@","result":{"mean":Infinity}})");
  OneCall w;
  w.writes(line);
  CHECK(w.client->last == mux::Outcome::kUnusable);
  CHECK_THAT(
      w.client->next(),
      Catch::Matchers::StartsWith(
          R"({"jsonrpc":"2.0","id":"mine","error":{"code":-32603,"message":"the MCP server's answer is not a JSON-RPC message: )"));
  CHECK(w.dropped("junk_on_stdout") == 1);
  REQUIRE(w.link.stray.size() == 1);
}

TEST_CASE("child_output: a line that may be a request, or is ambiguous, ends no call") {
  const auto line =
      GENERATE(as<std::string>{},
               R"({"jsonrpc":"2.0","id":@,"method":"roots/list","params":{"result":NaN}})",
               R"({"jsonrpc":"2.0","id":@,"params":{"result":NaN},"method":"roots/list"})",
               R"({"jsonrpc":"2.0","id":@,"error":1,"method":"roots/list","params":NaN})",
               R"({"jsonrpc":"2.0","id":@,"ID":1,"result":{"mean":NaN}})",
               R"({"jsonrpc":"2.0","id":@,"result":{},"Result":{}})", R"({"id":@})", "@", "{@");
  OneCall w;
  w.writes(line);
  CHECK(w.client->received.empty());
  w.writes(R"({"jsonrpc":"2.0","id":@,"result":{}})");
  CHECK(w.client->next() == R"({"jsonrpc":"2.0","id":"mine","result":{}})");
}

TEST_CASE("child_output: of a result and an error the one that is null does not count") {
  OneCall w;
  const auto [line, answer] = GENERATE(table<std::string, std::string>({
      {R"({"jsonrpc":"2.0","id":@,"result":{"a":1},"error":null})",
       R"({"jsonrpc":"2.0","id":"mine","result":{"a":1},"error":null})"},
      {R"({"jsonrpc":"2.0","id":@,"result":null,"error":{"code":1,"message":"m"}})",
       R"({"jsonrpc":"2.0","id":"mine","result":null,"error":{"code":1,"message":"m"}})"},
  }));
  w.writes(line);
  CHECK(w.client->next() == answer);
}

TEST_CASE("child_output: an error without an id is that of the only call, else nobody's") {
  OneCall w;
  const auto [error, answer] = GENERATE(table<std::string, std::string>({
      {R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}})",
       R"({"jsonrpc":"2.0","id":"mine","error":{"code":-32700,"message":"m"}})"},
      {R"( {"jsonrpc":"2.0","error":{"code":-32700,"message":"m"}})",
       R"({"jsonrpc":"2.0","id":"mine","error":{"code":-32700,"message":"m"}})"},
  }));
  Session other(w.mux);
  other.say(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})");
  w.child(error);
  CHECK(w.client->received.empty());
  CHECK(other.received.empty());
  CHECK(w.dropped("answer_to_unknown_call") == 1);
  w.child(answer_to(w.link.next(), "{}"));
  w.child(error);
  CHECK(w.client->next() == answer);
}

TEST_CASE("child_output: an unusable answer to the handshake, and an echo of it, end the start") {
  const auto [line, reason] = GENERATE(table<std::string, std::string>({
      {R"({"jsonrpc":"2.0","id":@,"result":{"x":NaN}})",
       "answered initialize with a line that is not a JSON-RPC message: "},
      {"", "sends back what it is sent: is it an MCP server?"},
  }));
  World w;
  w.start();
  const std::string initialize = w.link.next();
  std::string text = line.empty() ? initialize : line;
  if (const auto at = text.find('@'); at != text.npos) text.replace(at, 1, wire_id_of(initialize));
  text.reserve(text.size() + jsonrpc::kPadding);
  w.child(std::move(text));
  CHECK_THAT(w.link.failed_handshake, Catch::Matchers::StartsWith(reason));
}

TEST_CASE("child_output: an answer to the handshake once the child is being ended opens nothing") {
  World w;
  w.start();
  const std::string initialize = w.link.next();
  w.link.up = false;
  w.child(answer_to(initialize, kInitializeResult));
  CHECK(w.link.handshakes == 1);
  CHECK_FALSE(w.mux.identity());
  CHECK_FALSE(w.mux.readiness().ready);
}

TEST_CASE(
    "child_output: the words of an error that answers the handshake are apart from the reason") {
  World w;
  w.start();
  const std::string id = wire_id_of(w.link.next());
  std::string answer =
      R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":1,"message":"no licence"}})";
  answer.reserve(answer.size() + jsonrpc::kPadding);
  w.child(std::move(answer));
  CHECK(w.link.failed_handshake == "answered initialize with an error");
  CHECK(w.link.handshake_error == "no licence");
}

TEST_CASE("child_output: a flood of lines that are no messages writes 200 warnings a minute") {
  std::ostringstream text;
  const auto logger = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(text));
  logger->set_pattern("%v");
  World w({}, observe::Log(logger, observe::LogFormat::kText));
  w.ready();
  const auto flood = [&w](int lines) {
    for (int i = 0; i < lines; ++i) {
      w.child("INFO: line " + std::to_string(i));
      // Requests that are refused are a relative: each causes a warning, too.
      w.child(R"({"jsonrpc":"2.0","id":1,"method":"notifications/x"})");
    }
  };
  const auto lines = [&text] {
    const std::string all = text.str();
    return std::count(all.begin(), all.end(), '\n');
  };
  const auto before = lines();
  flood(1'000);
  CHECK(lines() - before == 200);
  CHECK(w.link.stray.back() == "INFO: line 999");
  w.timers.advance(std::chrono::minutes(1));
  CHECK(text.str().find("child output left out of the log stream=stdout lines=1800") !=
        std::string::npos);
  flood(1'000);
  CHECK(lines() - before == 401);
}

TEST_CASE("child_output: common mistakes are recognised") {
  const auto is_called = [](std::string_view line, std::string_view word) {
    return mux::shape_of_stray(line).find(word) != std::string_view::npos;
  };
  CHECK(is_called("Content-Length: 52\r", "framing"));
  CHECK(is_called("\x1b[32mready\x1b[0m", "colours"));
  for (const char* part : {"{", "  \"jsonrpc\": \"2.0\",", "  \"result\": {", "}"})
    CHECK(is_called(part, "several lines"));
  for (const char* text : {"", "Server running", "\"quoted\"", "usage: server [--port N]"})
    CHECK(mux::shape_of_stray(text).empty());
}
