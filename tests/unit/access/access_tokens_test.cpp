#include "access/access_tokens.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <variant>

#include "support/catch.hpp"
#include "support/signer.hpp"

using namespace sidecar;
using access::AccessTokens;
using access::Jwks;
using Json = nlohmann::json;
using test::Signer;
using Kind = access::TokenFault::Kind;
using std::chrono_literals::operator""s;

namespace {

const Signer& first() {
  static const Signer signer = Signer::rsa("first");
  return signer;
}

std::string set_of(const std::vector<Json>& keys) { return Json{{"keys", keys}}.dump(); }

const access::WallTime kNow = access::WallTime(std::chrono::seconds(1'800'000'000));

Json claims(const Json& others = Json::object()) {
  Json all = {{"iss", "https://as.example/"},
              {"aud", "https://mcp.example/mcp"},
              {"sub", "u1"},
              {"client_id", "app"},
              {"exp", 1'800'000'600},
              {"scope", "mcp:use"}};
  for (const auto& [name, value] : others.items()) {
    if (value.is_null())
      all.erase(name);
    else
      all[name] = value;
  }
  return all;
}

struct Server {
  explicit Server(const std::string& keys = set_of({first().public_key()})) {
    if (!keys.empty()) tokens.set_keys(Jwks::parse(keys).value());
  }

  // The owner, or the fault's kind.
  std::variant<std::string, Kind> check(const std::string& token, access::WallTime now = kNow) {
    const auto bearer = tokens.check(token, now);
    if (bearer) return (*bearer)->owner;
    return bearer.error().kind;
  }

  int unknown = 0;
  AccessTokens tokens{
      {"https://as.example/", {"https://mcp.example", "https://mcp.example/mcp"}, {"mcp:use"}},
      [this] { ++unknown; }};
};

const std::variant<std::string, Kind> kOwner = std::string("https://as.example/|u1|app");

std::variant<std::string, Kind> is(Kind kind) { return kind; }

}  // namespace

TEST_CASE("access tokens: a token with each accepted algorithm yields its subject and client") {
  const Signer p256 = Signer::ec("p256");
  const Signer p384 = Signer::ec("p384", CJOSE_JWK_EC_P_384);
  const Signer p521 = Signer::ec("p521", CJOSE_JWK_EC_P_521);
  Server server(
      set_of({first().public_key(), p256.public_key(), p384.public_key(), p521.public_key()}));
  for (const char* algorithm : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
    CHECK(server.check(first().token(claims(), algorithm)) == kOwner);
  CHECK(server.check(p256.token(claims(), "ES256")) == kOwner);
  CHECK(server.check(p384.token(claims(), "ES384")) == kOwner);
  CHECK(server.check(p521.token(claims(), "ES512")) == kOwner);
  CHECK(server.unknown == 0);
}

TEST_CASE("access tokens: missing, wrong and mistyped claims are refused") {
  const std::pair<Json, Kind> rows[] = {
      {{{"iss", "https://as.example"}}, Kind::kInvalid},
      {{{"iss", nullptr}}, Kind::kInvalid},
      {{{"iss", {"https://as.example/"}}}, Kind::kInvalid},
      {{{"aud", "https://other.example"}}, Kind::kInvalid},
      {{{"aud", "https://mcp.example/mcp/x"}}, Kind::kInvalid},
      {{{"aud", nullptr}}, Kind::kInvalid},
      {{{"aud", Json::array()}}, Kind::kInvalid},
      {{{"aud", 7}}, Kind::kInvalid},
      {{{"exp", nullptr}}, Kind::kInvalid},
      {{{"exp", "1800000600"}}, Kind::kInvalid},
      {{{"exp", 1'799'999'000}}, Kind::kExpired},
      {{{"exp", -1e300}}, Kind::kExpired},
      {{{"nbf", 1'800'000'100}}, Kind::kInvalid},
      {{{"sub", nullptr}}, Kind::kInvalid},
      {{{"sub", 7}}, Kind::kInvalid},
      {{{"sub", std::string(256, 'x')}}, Kind::kInvalid},
      {{{"client_id", std::string(256, 'x')}}, Kind::kInvalid},
      {{{"scope", nullptr}}, Kind::kScope},
      {{{"scope", "mcp:user mcp"}}, Kind::kScope},
      {{{"scope", 7}}, Kind::kInvalid},
      {{{"scp", {"mcp:use", 7}}}, Kind::kInvalid},
      {{{"nbf", "1700000000"}}, Kind::kInvalid},
      {{{"nbf", "9999999999"}}, Kind::kInvalid},
      {{{"nbf", true}}, Kind::kInvalid},
      {{{"nbf", Json::array({1})}}, Kind::kInvalid},
      {{{"iat", "1700000000"}}, Kind::kInvalid},
      {{{"aud", {"https://mcp.example/mcp", 7}}}, Kind::kInvalid},
      {{{"client_id", 7}}, Kind::kInvalid},
      {{{"azp", {"app"}}}, Kind::kInvalid},
  };
  Server server;
  for (const auto& [others, kind] : rows) {
    INFO(others.dump());
    CHECK(server.check(first().token(claims(others))) == is(kind));
  }
  for (const Json& head : {Json{{"alg", "RS256"}, {"typ", Json::array({7})}},
                           Json{{"alg", "RS256"}, {"kid", Json::array({7})}}})
    CHECK(server.check(first().sign(head, claims().dump())) == is(Kind::kInvalid));
  CHECK(server.check(first().sign({{"alg", "RS256"}}, "[1]")) == is(Kind::kInvalid));
  CHECK(server.check(first().sign({{"alg", "RS256"}}, "{")) == is(Kind::kInvalid));
  CHECK(server.check(first().sign({{"alg", "RS256"}}, std::string(20'000, '['))) ==
        is(Kind::kInvalid));
}

TEST_CASE("access tokens: variants that other authorization servers send are accepted") {
  const Json rows[] = {
      {{"aud", {"other", "https://mcp.example/"}}},
      {{"aud", "https://mcp.example/mcp/"}},
      {{"exp", 1'800'000'600.5}},
      {{"exp", 1e300}},
      {{"exp", 1'799'999'980}},  // clocks differ
      {{"nbf", 1'800'000'020}},
      {{"scope", nullptr}, {"scp", {"a", "mcp:use"}}},
      {{"scope", nullptr}, {"scp", "a mcp:use"}},
      {{"scope", "  a  mcp:use "}},
      {{"client_id", nullptr}, {"azp", "app"}},
  };
  Server server;
  for (const Json& others : rows) {
    INFO(others.dump());
    CHECK(server.check(first().token(claims(others))) == kOwner);
  }
  for (const char* type : {"JWT", "jwt", "at+jwt", "application/at+JWT"})
    CHECK(server.check(first().sign({{"alg", "RS256"}, {"typ", type}}, claims().dump())) == kOwner);
  CHECK(server.check(first().sign({{"alg", "RS256"}}, claims().dump())) == kOwner);
}

TEST_CASE("access tokens: a token signed in any other way is refused") {
  Server server;
  const std::string good = first().token(claims());
  const std::size_t dot = good.rfind('.');
  const std::string flipped =
      good.substr(0, dot + 1) + (good[dot + 1] == 'A' ? "B" : "A") + good.substr(dot + 2);
  CHECK(server.check(flipped) == is(Kind::kInvalid));
  CHECK(server.check(good.substr(0, dot + 1)) == is(Kind::kInvalid));
  CHECK(server.check(good + "A") == is(Kind::kInvalid));
  CHECK(server.check("eyJhbGciOiJub25lIn0." +
                     good.substr(good.find('.') + 1, dot - good.find('.') - 1) + ".") ==
        is(Kind::kInvalid));
  CHECK(server.check(Signer::rsa("first").token(claims())) == is(Kind::kInvalid));
  CHECK(server.check(first().sign({{"alg", "RS256"}, {"typ", "dpop+jwt"}}, claims().dump())) ==
        is(Kind::kInvalid));
  for (const Json& crit : {Json("b64"), Json{"b64"}, Json::array()})
    CHECK(server.check(first().sign({{"alg", "RS256"}, {"crit", crit}}, claims().dump())) ==
          is(Kind::kInvalid));
  CHECK(server.check(good.substr(0, 40) + "=" + good.substr(41)) == is(Kind::kInvalid));
  CHECK(server.check(good + ".") == is(Kind::kInvalid));
  CHECK(server.check(good + "=") == is(Kind::kInvalid));
  for (const char* nonsense :
       {"", ".", "..", "ey..", "eyJ.e30.x", "a.b.c.d", "eyJhbGciOiJSUzI1NiJ9.e30"})
    CHECK(server.check(nonsense) == is(Kind::kInvalid));

  // An HMAC whose secret is the text of the public key.
  const std::string shared = first().public_key().dump();
  cjose_err error{};
  const Signer hmac(cjose_jwk_create_oct_spec(reinterpret_cast<const unsigned char*>(shared.data()),
                                              shared.size(), &error),
                    "first");
  CHECK(server.check(hmac.token(claims(), "HS256")) == is(Kind::kInvalid));
  CHECK(server.unknown == 0);
}

TEST_CASE("access tokens: a key is found by its id, and only for its own kind of algorithm") {
  const Signer second = Signer::rsa("second");
  Server one;
  CHECK(one.check(second.token(claims())) == is(Kind::kInvalid));
  CHECK(one.unknown == 1);
  CHECK(one.check(first().sign({{"alg", "RS256"}}, claims().dump())) == kOwner);

  Server two(set_of({first().public_key(), second.public_key()}));
  CHECK(two.check(second.token(claims())) == kOwner);
  // Two keys fit.
  CHECK(two.check(first().sign({{"alg", "RS256"}}, claims().dump())) == is(Kind::kInvalid));

  Server only(set_of({first().public_key({{"alg", "PS256"}})}));
  CHECK(only.check(first().token(claims(), "PS256")) == kOwner);
  CHECK(only.check(first().token(claims(), "RS256")) == is(Kind::kInvalid));
}

TEST_CASE("access tokens: a cached token still expires, and is verified again with other keys") {
  Server server;
  const std::string token = first().token(claims());
  CHECK(server.check(token) == kOwner);
  CHECK(server.check(token, kNow + 600s) == kOwner);
  CHECK(server.check(token, kNow + 631s) == is(Kind::kExpired));
  CHECK(server.check(token, kNow + 631s) == is(Kind::kExpired));
  CHECK(server.check(token) == kOwner);
  server.tokens.set_keys(Jwks::parse(set_of({Signer::rsa("next").public_key()})).value());
  CHECK(server.check(token) == is(Kind::kInvalid));
}

TEST_CASE("access tokens: the cache is bounded, and evicted tokens are still accepted") {
  const Signer signer = Signer::ec("p256");
  Server server(set_of({signer.public_key()}));
  const auto token = [&signer](std::size_t number) {
    return signer.token(claims({{"jti", std::to_string(number)}}), "ES256");
  };
  const std::string earliest = token(0);
  CHECK(server.check(earliest) == kOwner);
  for (std::size_t number = 1; number < AccessTokens::kMaxRemembered; ++number)
    server.check(token(number));
  CHECK(server.tokens.remembered() == AccessTokens::kMaxRemembered);
  CHECK(server.check(token(AccessTokens::kMaxRemembered)) == kOwner);
  CHECK(server.tokens.remembered() == 1);
  CHECK(server.check(earliest) == kOwner);
  CHECK(server.check("x." + earliest) == is(Kind::kInvalid));
  CHECK(server.tokens.remembered() == 2);
}

TEST_CASE("access tokens: without keys no token is accepted, and none counts as a guess") {
  Server server("");
  CHECK(server.check(first().token(claims())) == is(Kind::kNoKeys));
}

TEST_CASE("access tokens: owners differ if any of their parts differs") {
  Server server;
  std::set<std::variant<std::string, Kind>> owners;
  const Json rows[] = {{{"sub", "a|b"}, {"client_id", "c"}},
                       {{"sub", "a"}, {"client_id", "b|c"}},
                       {{"sub", "a\\"}, {"client_id", "b|c"}},
                       {{"sub", "a"}, {"client_id", "b"}},
                       {{"sub", "a"}, {"client_id", nullptr}}};
  for (const Json& others : rows) owners.insert(server.check(first().token(claims(others))));
  CHECK(owners.size() == std::size(rows));
}

TEST_CASE("access tokens: scopes grant the permissions that they name") {
  Server server;
  const auto granted = [&](const std::string& scope) {
    return *(*server.tokens.check(first().token(claims({{"scope", "mcp:use " + scope}})), kNow))
                ->permissions;
  };
  CHECK(granted("") == auth::Permissions{});
  CHECK(granted("mcp:admin").admin);
  CHECK(granted("mcp:metrics").metrics);
  CHECK_FALSE(granted("mcp:metrics").restricts());
  CHECK(granted("mcp:read").read_only);
  CHECK_FALSE(granted("mcp:read mcp:write").read_only);
  const auth::Permissions some = granted("mcp:tools:get_* mcp:tools:echo");
  CHECK(some.tools.allow == std::vector<std::string>{"get_*", "echo"});
  CHECK(some.tools.allows("get_time"));
  CHECK_FALSE(some.tools.allows("add"));
}

TEST_CASE("access tokens: a secret with two dots that begins with ey looks like a token") {
  CHECK(AccessTokens::looks_like_one(first().token(claims())));
  for (const char* other : {"", "key", "ey.a", "a.b.c", "ey.a.b.c", "mcp_0123"})
    CHECK_FALSE(AccessTokens::looks_like_one(other));
}

TEST_CASE("jwks: keys that are not for signatures are left out, malformed ones are an error") {
  const Json good = first().public_key();
  const Json odd[] = {
      first().public_key({{"use", "enc"}}),  first().public_key({{"key_ops", {"encrypt"}}}),
      {{"kty", "oct"}, {"k", "AAAA"}},       {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AAAA"}},
      {{"kty", "EC"}, {"crv", "P-192"}},     Json::object(),
      first().public_key({{"alg", "HS256"}})};
  for (const Json& key : odd) {
    INFO(key.dump());
    CHECK(Jwks::parse(set_of({key, good})).value().size() == 1);
    CHECK(Jwks::parse(set_of({key})).error().message == "no RSA or EC key for signatures");
  }
  CHECK(Jwks::parse(set_of({first().public_key({{"use", "sig"}, {"key_ops", {"verify"}}})})));
  const std::pair<std::string, const char*> broken[] = {
      {"", "not a JSON object"},
      {"[]", "not a JSON object"},
      {"{}", "no list of keys"},
      {R"({"keys":{}})", "no list of keys"},
      {R"({"keys":[7]})", "keys[0]: not a JSON object"},
      {set_of({good, first().public_key({{"n", 7}})}),
       "keys[1]: its parameters are not those of a key"},
      {set_of({first().public_key({{"n", "AB=D"}})}),
       "keys[0]: its parameters are not those of a key"},
      {set_of({{{"kty", "EC"}, {"crv", "P-256"}, {"x", "AAAA"}, {"y", "AAAA"}}}),
       "keys[0]: its parameters are not those of a key"},
      {set_of({Signer::rsa("short", 1024).public_key()}),
       "keys[0]: it has 1024 bits; 2048 to 8192 are accepted"},
      {set_of(std::vector<Json>(101, good)), "more than 100 keys"},
      {std::string(access::kMaxJwksBytes + 1, ' '), "more than 262144 bytes"},
  };
  for (const auto& [text, message] : broken) {
    INFO(text.substr(0, 200));
    const auto keys = Jwks::parse(text);
    REQUIRE_FALSE(keys);
    CHECK(keys.error().message == message);
  }
}
