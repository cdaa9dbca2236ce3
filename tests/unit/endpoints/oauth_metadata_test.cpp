#include "endpoints/ops/oauth_metadata.hpp"

#include <nlohmann/json.hpp>

#include "world.hpp"

using namespace sidecar;
using test::ask;
using Json = nlohmann::json;

TEST_CASE(
    "oauth metadata: each endpoint is a resource of its own, with and without the proxy's prefix") {
  const endpoints::OAuthMetadata metadata({"https://as.example/", {}, {"mcp:use"}},
                                          "https://a.example/x", "/x", [] { return true; });
  for (const std::string between : {"", "/x"}) {
    for (const std::string endpoint : {"", "/mcp", "/sse"}) {
      const auto outcome = ask(metadata.routes(), "GET",
                               "/.well-known/oauth-protected-resource" + between + endpoint);
      CHECK(outcome->reply().status == 200);
      CHECK(Json::parse(outcome->reply().body) ==
            Json{{"resource", "https://a.example/x" + endpoint},
                 {"authorization_servers", {"https://as.example/"}},
                 {"bearer_methods_supported", {"header"}},
                 {"resource_name", "mcp-sidecar"},
                 {"scopes_supported", {"mcp:use"}}});
    }
  }
}

TEST_CASE("oauth metadata: without scopes there is no scopes_supported") {
  const endpoints::OAuthMetadata metadata({"https://as.example", {}, {}}, "https://a.example", "",
                                          [] { return true; });
  CHECK(metadata.routes().size() == 3);
  const auto outcome = ask(metadata.routes(), "GET", "/.well-known/oauth-protected-resource");
  CHECK_FALSE(Json::parse(outcome->reply().body).contains("scopes_supported"));
}

TEST_CASE("oauth metadata: without an issuer a client that registers is told that it needs a key") {
  bool needs_key = false;
  const endpoints::OAuthMetadata metadata({}, "https://a.example", "",
                                          [&needs_key] { return needs_key; });
  const auto routes = metadata.routes();
  REQUIRE(routes.size() == 1);
  CHECK(routes[0].rules.access == Access::kPublic);
  CHECK_FALSE(routes[0].rules.reads_key);
  CHECK(ask(routes, "POST", "/register", "{}")->reply().status == 404);
  needs_key = true;
  const auto outcome = ask(routes, "POST", "/register", "{}");
  CHECK(outcome->reply().status == 400);
  CHECK(Json::parse(outcome->reply().body) ==
        Json{{"error", "invalid_request"},
             {"error_description",
              "this server takes an API key: send it as Authorization: Bearer KEY"}});
}
