#include <map>
#include <set>

#include "access/gate.hpp"
#include "support/catch.hpp"
#include "support/manual_timers.hpp"
#include "support/signer.hpp"

using namespace sidecar;
using test::Json;
using Headers = std::map<std::string, std::string>;

namespace {

const test::Signer& signer() {
  static const test::Signer one = test::Signer::rsa("one");
  return one;
}

std::string token(const Json& others = Json::object()) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  Json claims = {{"iss", "https://as.example"},
                 {"aud", "https://mcp.example"},
                 {"sub", "u1"},
                 {"client_id", "app"},
                 {"exp", now + 600},
                 {"scope", "mcp:use"}};
  claims.update(others);
  return signer().token(claims);
}

RouteRules rules_of(std::string_view path) {
  if (path == "/mcp" || path == "/sse") return {.access = Access::kClient, .has_metadata = true};
  return {.access = path == "/tools" ? Access::kClient : Access::kPublic};
}

// A gate that takes a key and tokens.
struct Door {
  explicit Door(bool with_keys = true) {
    if (with_keys)
      tokens.set_keys(access::Jwks::parse(Json{{"keys", {signer().public_key()}}}.dump()).value());
  }

  access::Decision request(Headers headers, std::string path = "/mcp", std::string url_key = {}) {
    const auto header = [&](std::string_view name) -> std::string_view {
      const auto found = headers.find(std::string(name));
      return found == headers.end() ? std::string_view() : std::string_view(found->second);
    };
    return gate.judge({"GET", path, "192.0.2.1", header,
                       [&](std::string_view name) { return std::string(header(name)); },
                       [](std::string_view) { return false; },
                       [] { return std::optional<access::KnownSession>(); }, url_key,
                       rules_of(path)});
  }
  access::Decision bearing(const std::string& secret, std::string path = "/mcp") {
    return request({{"Authorization", "Bearer " + secret}}, std::move(path));
  }

  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::RateLimitedLog refusals{log, timers};
  observe::Metrics metrics;
  access::RateLimits limits{{.wrong_keys = {3, std::chrono::minutes(1)}}, timers};
  access::AccessTokens tokens{{"https://as.example", {"https://mcp.example"}, {"mcp:use"}}, [] {}};
  access::Gate gate{
      {access::Keys({{"alice", access::hash_of("secret-a"), {}}}), true, &tokens,
       "https://mcp.example/.well-known/oauth-protected-resource"},
      {},
      access::Origins(access::OriginRules{{"*"}}),
      {access::AddressSet::parse({"127.0.0.1"}).value(), access::AddressSet::parse({"*"}).value()},
      limits,
      refusals,
      metrics};
};

std::string challenge(const access::Decision& decision) {
  for (const auto& [name, value] : decision.answer->fields) {
    if (name == "WWW-Authenticate") return value;
  }
  return {};
}

}  // namespace

TEST_CASE("gate: keys and access tokens are accepted side by side, each with its own owner") {
  Door door;
  CHECK(door.bearing("secret-a").caller->owner == "alice");
  const auto decision = door.bearing(token());
  CHECK_FALSE(decision.answer);
  CHECK(decision.caller->owner == "https://as.example|u1|app");
  CHECK(decision.caller->has_key);
  CHECK_FALSE(decision.caller->by_stored_key);
  CHECK_FALSE(decision.caller->admin);
  CHECK_FALSE(decision.caller->restricted());
  CHECK(door.request({{"Authorization", token()}}).caller->has_key);
}

TEST_CASE("gate: scopes set the permissions of the bearer") {
  Door door;
  CHECK(door.bearing(token({{"scope", "mcp:use mcp:admin"}})).caller->admin);
  CHECK(door.bearing(token({{"scope", "mcp:use mcp:read"}})).caller->read_only());
  const auto some = door.bearing(token({{"scope", "mcp:use mcp:tools:get_*"}}));
  CHECK(some.caller->may(&auth::Permissions::tools, "get_time"));
  CHECK_FALSE(some.caller->may(&auth::Permissions::tools, "add"));
}

TEST_CASE("gate: a token makes an administrator until it expires") {
  Door door;
  const auto now = std::chrono::system_clock::now();
  const auto end = std::chrono::system_clock::to_time_t(now + std::chrono::minutes(10));
  observe::Caller admin =
      *door.bearing(token({{"scope", "mcp:use mcp:admin"}, {"exp", end}})).caller;
  CHECK(admin.expires ==
        std::chrono::system_clock::from_time_t(end) + access::AccessTokens::kLeeway);
  CHECK(door.gate.administers(admin));
  admin.expires = now;
  CHECK_FALSE(door.gate.administers(admin));
  CHECK_FALSE(door.gate.administers(*door.bearing(token()).caller));
}

TEST_CASE("gate: a missing or invalid token is answered with the place of the metadata") {
  Door door;
  const std::string place =
      "Bearer resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource";
  const auto none = door.request({});
  CHECK(none.answer->status == 401);
  CHECK(challenge(none) == place + "/mcp\", scope=\"mcp:use\"");
  CHECK(challenge(door.request({}, "/sse")) == place + "/sse\", scope=\"mcp:use\"");
  CHECK(challenge(door.request({}, "/tools")) == place + "\", scope=\"mcp:use\"");

  const auto expired = door.bearing(token({{"exp", 1'700'000'000}}));
  CHECK(expired.answer->status == 401);
  CHECK(challenge(expired) == place +
                                  "/mcp\", scope=\"mcp:use\", error=\"invalid_token\", "
                                  "error_description=\"it has expired\"");
  const auto little = door.bearing(token({{"scope", "other"}}));
  CHECK(little.answer->status == 403);
  CHECK(challenge(little) == place +
                                 "/mcp\", scope=\"mcp:use\", error=\"insufficient_scope\", "
                                 "error_description=\"it lacks a scope\"");
  CHECK(door.metrics.refused("expired_token").Value() == 1);
  CHECK(door.metrics.refused("token_scope").Value() == 1);
}

TEST_CASE("gate: a token is read from Authorization only") {
  Door door;
  CHECK(door.request({{"X-API-Key", token()}}).answer->message == "Invalid API key");
  CHECK(door.request({}, "/mcp", token()).answer->status == 401);
  CHECK(door.metrics.refused("wrong_key").Value() == 2);
}

TEST_CASE("gate: invalid tokens use up the budget of guesses, a valid one still passes") {
  Door door;
  const std::string other = token({{"aud", "https://other.example"}});
  for (int i = 0; i < 3; ++i) CHECK(door.bearing(other).answer->status == 401);
  CHECK(door.bearing(other).answer->status == 429);
  CHECK(door.metrics.refused("wrong_token").Value() == 3);
  CHECK(door.metrics.refused("rate_wrong_keys").Value() == 1);
  CHECK_FALSE(door.bearing(token()).answer);
}

TEST_CASE("gate: while the keys of the issuer are unknown, tokens get 503 and API keys pass") {
  Door door(false);
  for (int i = 0; i < 5; ++i) {
    const auto waits = door.bearing(token());
    CHECK(waits.answer->status == 503);
    CHECK(waits.answer->retry_after == std::chrono::seconds(5));
  }
  CHECK_FALSE(door.bearing("secret-a").answer);
}

TEST_CASE("gate: a public route needs no token, and passes an invalid one") {
  Door door;
  CHECK_FALSE(door.request({}, "/metadata").answer);
  CHECK_FALSE(door.bearing("ey.a.b", "/metadata").answer);
  CHECK_FALSE(door.bearing(token({{"scope", "other"}}), "/metadata").answer);
  CHECK(door.request({}, "/tools").answer->status == 401);
}
