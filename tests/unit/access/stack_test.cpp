// Deeply nested files and key sets are refused on a small stack.
#include "access/jwks.hpp"
#include "access/keys_file.hpp"
#include "support/catch.hpp"
#include "support/small_stack.hpp"

using namespace sidecar;

namespace {

std::string nested(const std::string& before, const std::string& after) {
  constexpr std::size_t kDepth = 100'000;
  return before + std::string(kDepth, '[') + std::string(kDepth, ']') + after;
}

}  // namespace

TEST_CASE("keys file: 100,000 levels are refused on a small stack") {
  const std::string text = nested(R"({"keys":[{"name":"a","sha256":)", "}]}");
  CHECK_FALSE(test::on_small_stack([&] { return access::parse_keys_file(text).has_value(); }));
}

TEST_CASE("jwks: a key with 100,000 levels in it is left out on a small stack") {
  for (const char* member : {"n", "e", "x", "kid", "use"}) {
    INFO(member);
    const std::string text = nested(
        R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB",")" + std::string(member) + R"(":)", "}]}");
    const auto keys = test::on_small_stack([&] {
      const auto parsed = access::Jwks::parse(text);
      return parsed ? parsed->size() : 0;
    });
    CHECK(keys == 0);
  }
}
