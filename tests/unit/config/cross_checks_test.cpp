#include "config/sources.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::config;

namespace {
Result<Loaded> with(Environment environment) {
  Sources sources;
  sources.environment = std::move(environment);
  return load(sources);
}
}  // namespace

TEST_CASE(
    "cross checks: a limit that another one makes unreachable is refused, with both sources") {
  CHECK(with({{"MCP_MAX_BODY", "20MB"}}).error().message ==
        "MCP_MAX_BODY=20MB (environment) is more than MCP_STDIN_QUEUE=16MB (default): the largest "
        "message "
        "could never "
        "reach the wrapped server");
  CHECK(with({{"MCP_MAX_BODY", "20MB"}, {"MCP_STDIN_QUEUE", "20MB"}}));
  CHECK_FALSE(with({{"MCP_MAX_BUFFERED", "5MB"}}));
  CHECK_FALSE(
      with({{"MCP_MAX_HEAD", "128KB"}, {"MCP_MAX_BUFFERED", "64KB"}, {"MCP_MAX_BODY", "1KB"}}));
  CHECK_FALSE(with({{"MCP_CALL_TIMEOUT", "2h"}}));
  CHECK_FALSE(with({{"MCP_RESTART_DELAY", "1m"}}));
}

TEST_CASE("cross checks: a shutdown longer than Docker allows is a warning") {
  CHECK(with({{"MCP_DRAIN_TIMEOUT", "4500"}})->warnings.empty());
  const auto loaded = with({{"MCP_DRAIN_TIMEOUT", "4501"}});
  REQUIRE(loaded->warnings.size() == 1);
  CHECK_THAT(loaded->warnings.front(), test::Contains("twice MCP_TERM_GRACE"));
  CHECK_THAT(loaded->warnings.front(), test::Contains("add up to 9501ms"));
}

TEST_CASE("cross checks: descendants that are kept take no time of the shutdown") {
  const std::pair<std::string, std::string> keep{"MCP_KEEP_DESCENDANTS", "true"};
  CHECK(with({keep, {"MCP_DRAIN_TIMEOUT", "6500"}})->warnings.empty());
  const auto loaded = with({keep, {"MCP_DRAIN_TIMEOUT", "6501"}});
  REQUIRE(loaded->warnings.size() == 1);
  CHECK_THAT(loaded->warnings.front(), test::Contains("and MCP_TERM_GRACE add up to 9501ms"));
}

TEST_CASE("cross checks: without keys, CORS for every page and open administration are warnings") {
  const auto warnings = [](Environment environment) {
    return with(std::move(environment))->warnings.size();
  };
  CHECK(warnings({{"MCP_CORS_ORIGINS", "*"}}) == 1);
  CHECK(warnings({{"MCP_CORS_ORIGINS", "*"}, {"MCP_API_KEY", "k"}}) == 0);
  CHECK(warnings({{"MCP_CORS_ORIGINS", "*"}, {"MCP_KEYS_FILE", "keys.json"}}) == 0);
  CHECK(warnings({{"MCP_OPEN_ADMIN", "true"}}) == 1);
  CHECK(warnings({{"MCP_OPEN_ADMIN", "true"}, {"MCP_API_KEY", "k"}}) == 0);
  CHECK(warnings({}) == 0);
}

TEST_CASE(
    "cross checks: shell syntax that nothing interprets is a warning, by the variable's name") {
  const auto loaded = with({{"MCP_COMMAND", "node $HOME/hunter2.js"}});
  REQUIRE(loaded->warnings.size() == 1);
  CHECK_THAT(loaded->warnings.front(),
             Catch::Matchers::StartsWith("MCP_COMMAND holds what only a shell") &&
                 test::Contains("sh -c '…'") && !test::Contains("hunter2"));
  CHECK(with({{"MCP_COMMAND", "sh -c 'exec node $HOME/x.js'"}})->warnings.empty());
}

TEST_CASE("cross checks: a container that can outlive the sidecar is a warning") {
  const auto loaded = with({{"MCP_COMMAND", "docker run -i image"}});
  REQUIRE(loaded->warnings.size() == 1);
  CHECK_THAT(loaded->warnings.front(), test::Contains("is run without --init and --rm: "));
  Sources sources;
  sources.command = {"podman", "run", "--rm", "-i", "image"};
  CHECK_THAT(load(sources)->warnings.front(), test::Contains("is run without --init: "));
  sources.command.insert(sources.command.begin() + 2, "--init");
  CHECK(load(sources)->warnings.empty());
}

TEST_CASE("cross checks: several keys without an administrator are a warning") {
  const auto warnings = [](Environment environment) {
    return with(std::move(environment))->warnings.size();
  };
  CHECK(warnings({{"MCP_API_KEYS", "a:1,b:2"}}) == 1);
  CHECK(warnings({{"MCP_API_KEYS", "a:1,b:2:admin"}}) == 0);
  CHECK(warnings({{"MCP_API_KEYS", "a:1,b:2"}, {"MCP_ADMIN_KEY", "3"}}) == 0);
  CHECK(warnings({{"MCP_API_KEYS", "a:1,b:2"}, {"MCP_KEYS_FILE", "keys.json"}}) == 0);
  CHECK(warnings({{"MCP_API_KEYS", "a:1"}}) == 0);
  CHECK(warnings({{"MCP_API_KEYS", "admin"}}) == 1);
}

TEST_CASE("cross checks: access tokens need an issuer, its keys and the public URL") {
  const Environment whole = {{"MCP_JWT_ISSUER", "https://as.example"},
                             {"MCP_JWT_JWKS", "https://as.example/jwks?p=1"},
                             {"MCP_PUBLIC_URL", "https://mcp.example"},
                             {"MCP_JWT_SCOPES", "mcp:use"}};
  CHECK(with(whole));
  const std::pair<const char*, const char*> rows[] = {
      {"MCP_JWT_ISSUER",
       "MCP_JWT_JWKS=https://as.example/jwks?*** (environment): no token is accepted without "
       "MCP_JWT_ISSUER"},
      {"MCP_JWT_JWKS",
       "MCP_JWT_ISSUER=https://as.example (environment) needs MCP_JWT_JWKS, the keys that its "
       "tokens are "
       "signed with"},
      {"MCP_PUBLIC_URL",
       "MCP_JWT_ISSUER=https://as.example (environment) needs MCP_PUBLIC_URL, the resource that "
       "its tokens "
       "are "
       "meant for"},
  };
  for (const auto& [missing, message] : rows) {
    Environment others = whole;
    others.erase(missing);
    CHECK(with(others).error().message == message);
  }
}
