#include "endpoints/ops/oauth_metadata.hpp"

#include <nlohmann/json.hpp>

#include "world.hpp"

using namespace sidecar;
using test::ask;
using Json = nlohmann::json;

TEST_CASE(
    "oauth metadata: each endpoint is a resource of its own, with and without the proxy's prefix") {
  const endpoints::OAuthMetadata metadata({"https://as.example/", {}, {"mcp:use"}},
                                          "https://a.example/x", "/x");
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

TEST_CASE(
    "oauth metadata: without scopes there is no scopes_supported; without an issuer, no route") {
  const endpoints::OAuthMetadata metadata({"https://as.example", {}, {}}, "https://a.example", "");
  CHECK(metadata.routes().size() == 3);
  const auto outcome = ask(metadata.routes(), "GET", "/.well-known/oauth-protected-resource");
  CHECK_FALSE(Json::parse(outcome->reply().body).contains("scopes_supported"));
  CHECK(endpoints::OAuthMetadata({}, "https://a.example", "").routes().empty());
}
