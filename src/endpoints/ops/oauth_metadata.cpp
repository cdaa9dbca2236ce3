#include "endpoints/ops/oauth_metadata.hpp"

#include <nlohmann/json.hpp>
#include <set>

namespace sidecar::endpoints {

OAuthMetadata::OAuthMetadata(access::TokenRules rules, std::string public_url,
                             std::string public_path)
    : rules_(std::move(rules)),
      public_url_(std::move(public_url)),
      public_path_(std::move(public_path)) {}

std::vector<http::Route> OAuthMetadata::routes() const {
  constexpr RouteRules kRules{.access = Access::kPublic};
  std::vector<http::Route> all;
  if (rules_.issuer.empty()) return all;
  for (const std::string& between : std::set<std::string>{"", public_path_}) {
    for (const char* endpoint : {"", "/mcp", "/sse"}) {
      all.push_back({"GET", std::string(kPath) + between + endpoint, "oauth-metadata", kRules,
                     [body = document(endpoint)](http::Exchange exchange) {
                       http::Response response;
                       response.body = body;
                       response.fields.push_back({"Cache-Control", "max-age=300"});
                       exchange.reply(std::move(response));
                     }});
    }
  }
  return all;
}

std::string OAuthMetadata::document(std::string_view endpoint) const {
  nlohmann::ordered_json document = {{"resource", public_url_ + std::string(endpoint)},
                                     {"authorization_servers", {rules_.issuer}},
                                     {"bearer_methods_supported", {"header"}},
                                     {"resource_name", "mcp-sidecar"}};
  if (!rules_.scopes.empty()) document["scopes_supported"] = rules_.scopes;
  return document.dump();
}

}  // namespace sidecar::endpoints
