// Access tokens: no token is accepted except one that the issuer signed with claims that satisfy
// the rules, and no key set is accepted that cannot be used. The first byte chooses whether the
// rest is a token, the head and claims of a token signed by a stranger, claims that the issuer
// signs, or a key set.
#include <cstdint>
#include <string>

#include "access/access_tokens.hpp"
#include "fuzz/require.hpp"
#include "support/signer.hpp"

using namespace sidecar;
using fuzz::require;
using test::Json;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
const access::WallTime kTime{std::chrono::seconds(kNow)};

struct World {
  World() {
    const Json keys = {{"keys", {issuer.public_key({{"alg", "ES256"}})}}};
    tokens.set_keys(access::Jwks::parse(keys.dump()).value());
  }
  const test::Signer issuer = test::Signer::ec("one");
  const test::Signer stranger = test::Signer::ec("one");
  access::AccessTokens tokens{{"https://as", {"https://mcp"}, {"use"}}, [] {}};
};

void check_claims(World& world, const std::string& text) {
  const auto bearer =
      world.tokens.check(world.issuer.sign({{"alg", "ES256"}, {"kid", "one"}}, text), kTime);
  if (!bearer) return;
  const Json claims = Json::parse(text, nullptr, false);
  require(claims.is_object() && claims.at("iss") == "https://as",
          "an accepted token is of the issuer");
  require(claims.at("exp").get<double>() + 30 > kNow, "an accepted token has not expired");
  require(claims.at("aud").dump().find("https://mcp") != std::string::npos,
          "an accepted token is for us");
  require((*bearer)->owner.starts_with("https://as|") && (*bearer)->owner.size() > 11,
          "an owner has a name");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size < 1) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      require(!world.tokens.check(text, kTime), "only what the issuer signed is accepted");
      break;
    case 1: {
      const std::size_t line = text.find('\n');
      const Json head = Json::parse(text.substr(0, line), nullptr, false);
      // Algorithms that the library can sign with; the rest of the head is arbitrary.
      if (!head.is_object() || line == std::string::npos) break;
      Json fit = {{"alg", "ES256"}};
      for (const auto& [name, value] : head.items()) {
        if (name != "alg" && (value.is_string() || value.is_structured())) fit[name] = value;
      }
      for (const test::Signer* signer : {&world.stranger, &world.issuer}) {
        const auto bearer = world.tokens.check(signer->sign(fit, text.substr(line + 1)), kTime);
        require(!bearer || signer == &world.issuer, "a stranger signs nothing");
        require(!bearer || !fit.contains("crit"), "an extension is not ignored");
      }
      break;
    }
    case 2:
      check_claims(world, text);
      break;
    default:
      if (const auto keys = access::Jwks::parse(text))
        require(keys->size() > 0, "a key set holds keys");
  }
  return 0;
}
