#include "mux/core/client_profile.hpp"

#include "support/catch.hpp"
#include "support/messages.hpp"

using namespace sidecar;

namespace {

jsonrpc::Message initialize(const std::string& params) {
  return test::parsed(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":)" + params + "}");
}

mux::ClientProfile profile(const std::string& capabilities) {
  return mux::profile_of(
      initialize(R"({"protocolVersion":"2025-11-25","capabilities":)" + capabilities + "}"));
}

}  // namespace

TEST_CASE("client_profile: what a client declares is what it can be asked for") {
  CHECK(profile(R"({"sampling":{}})").takes("sampling/createMessage", ""));
  CHECK(profile(R"({"roots":{}})").takes("roots/list", ""));
  CHECK(profile(R"({"tasks":{}})").takes("tasks/get", ""));
  CHECK_FALSE(profile("{}").takes("sampling/createMessage", ""));
  CHECK_FALSE(profile(R"({"sampling":true,"roots":[],"tasks":null})").takes("roots/list", ""));
  CHECK_FALSE(profile(R"({"sampling":{},"roots":{}})").takes("something/else", ""));
  CHECK_FALSE(profile(R"({"roots":{}})").can_be_asked());
}

TEST_CASE("client_profile: an empty elicitation means forms, others say what they mean") {
  CHECK(profile(R"({"elicitation":{}})").takes("elicitation/create", ""));
  CHECK_FALSE(profile(R"({"elicitation":{}})").takes("elicitation/create", "url"));
  CHECK(profile(R"({"elicitation":{"url":{}}})").takes("elicitation/create", "url"));
  CHECK_FALSE(profile(R"({"elicitation":{"url":{}}})").takes("elicitation/create", "form"));
  CHECK(profile(R"({"elicitation":{"url":{},"form":{}}})").takes("elicitation/create", "form"));
}

TEST_CASE("client_profile: an initialize without params, or with useless ones, declares nothing") {
  CHECK_FALSE(profile("7").can_be_asked());
  CHECK(mux::profile_of(initialize("[]")).version.empty());
  CHECK(mux::dedicated_handshake_params(initialize("{}"), false).empty());
}

TEST_CASE(
    "client_profile: a version is kept if it is short, because it is stored as long as the session "
    "lives") {
  const auto version = [](std::size_t size) {
    return mux::profile_of(initialize(R"({"protocolVersion":")" + std::string(size, '1') + "\"}"))
        .version;
  };
  CHECK(version(62) == std::string(62, '1'));
  CHECK(version(63).empty());
}

TEST_CASE(
    "client_profile: a dedicated child's handshake is its client's, byte for byte, without roots") {
  const auto params = [](const std::string& capabilities) {
    return R"({"x":1.10,"capabilities":)" + capabilities + R"( ,"protocolVersion":"2025-11-25"})";
  };
  const auto own = [&](const std::string& capabilities, bool allow) {
    return mux::dedicated_handshake_params(initialize(params(capabilities)), allow);
  };
  const std::string all = R"({ "a":{} , "roots" : {"listChanged":true} , "sampling":{}})";
  CHECK(own(all, true) == params(all));
  CHECK(own(all, false) == params(R"({ "a":{}  , "sampling":{}})"));
  CHECK(own(R"({"roots":{}, "b":{}})", false) == params(R"({ "b":{}})"));
  CHECK(own(R"({"b":{}, "roots":{} })", false) == params(R"({"b":{} })"));
  CHECK(own(R"({ "roots":{} })", false) == params(R"({  })"));
  CHECK(own(R"({"\u0072oots":{},"b":{}})", false) == params(R"({"b":{}})"));
}
