#include "mux/era/handshake_era.hpp"

#include "support/catch.hpp"

using namespace sidecar;

namespace {

mux::Call call_of(std::string text) {
  auto message = jsonrpc::parse(std::move(text));
  REQUIRE(message);
  mux::Call call(mux::kNoClient, mux::Reply(std::string(message->id()), [](mux::Answer) {}));
  call.progress_token = message->envelope.progress_token.in(message->text);
  call.id_at = message->envelope.id;
  call.token_at = message->envelope.progress_token;
  call.line = std::move(message->text);
  return call;
}

}  // namespace

TEST_CASE("handshake_era: a line that the child did not read gets its client's form back") {
  const mux::HandshakeEra era;
  const auto text = GENERATE(
      as<std::string>{}, R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})",
      R"({"jsonrpc":"2.0","id":"a long id","method":"x","params":{"_meta":{"progressToken":"t"},"b":"é"}})",
      R"({"params":{"_meta":{"progressToken":"a long token, before the id"}},"method":"x","id":7,"jsonrpc":"2.0"})",
      R"({"params":{"_meta":{"progressToken":0}},"method":"x","id":"\u0041","jsonrpc":"2.0"})");
  const auto wire = GENERATE(as<mux::WireId>{}, 1, 4711, 9'007'199'254'740'991);
  mux::Call call = call_of(text);

  std::string line = era.encode(wire, call);

  CHECK(call.line.empty());
  const auto sent = jsonrpc::parse(line);
  REQUIRE(sent);
  CHECK(sent->id() == std::to_string(wire));
  if (call.token_at) CHECK(sent->envelope.progress_token.in(sent->text) == std::to_string(wire));
  CHECK(era.restore(wire, std::move(line), call) == text);
}

TEST_CASE("handshake_era: an answer gets its client's id, and the payload its place") {
  const mux::HandshakeEra era;
  const mux::Call call = call_of(R"({"jsonrpc":"2.0","id":"client's","method":"tools/call"})");

  auto result =
      jsonrpc::parse(R"({"id":4711,"result":{"isError":true,"x":[1e400]},"jsonrpc":"2.0"})");
  REQUIRE(result);
  const mux::Answer answer = era.decode(std::move(*result), call);
  CHECK(answer.outcome == mux::Outcome::kResult);
  CHECK(answer.tool_error);
  CHECK(answer.text ==
        R"({"id":"client's","result":{"isError":true,"x":[1e400]},"jsonrpc":"2.0"})");
  CHECK(answer.payload.in(answer.text) == R"({"isError":true,"x":[1e400]})");

  auto error = jsonrpc::parse(R"({"jsonrpc":"2.0","error":{"code":1,"message":"no"},"id":4711})");
  REQUIRE(error);
  const mux::Answer failed = era.decode(std::move(*error), call);
  CHECK(failed.outcome == mux::Outcome::kError);
  CHECK(failed.message == "no");
  CHECK(failed.payload.in(failed.text) == R"({"code":1,"message":"no"})");
}

TEST_CASE("handshake_era: the reason of a long cancellation is left out") {
  const mux::HandshakeEra era;
  const auto cancelled = [](const std::string& reason) {
    auto message = jsonrpc::parse(
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a","reason":")" +
        reason + R"("}})");
    REQUIRE(message);
    return std::move(*message);
  };
  CHECK(
      era.cancellation(9, cancelled("late")) ==
      R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9,"reason":"late"}})");
  CHECK(era.cancellation(9, cancelled(std::string(mux::HandshakeEra::kMaxCancel, 'x'))) ==
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}})");
}
