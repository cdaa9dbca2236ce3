#include "endpoints/ops/oauth_metadata.hpp"

#include <nlohmann/json.hpp>
#include <set>

namespace sidecar::endpoints {
namespace {

// A client may send a key that it has been refused with: its requests here are no further guesses.
constexpr RouteRules kRules{.access = Access::kPublic, .reads_key = false};

constexpr std::string_view kNeedsKey =
    R"({"error":"invalid_request","error_description":)"
    R"("this server takes an API key: send it as Authorization: Bearer KEY"})";

}  // namespace

OAuthMetadata::OAuthMetadata(access::TokenRules rules, std::string public_url,
                             std::string public_path, std::function<bool()> needs_key)
    : rules_(std::move(rules)),
      public_url_(std::move(public_url)),
      public_path_(std::move(public_path)),
      needs_key_(std::move(needs_key)) {}

std::vector<http::Route> OAuthMetadata::routes() const {
  if (rules_.issuer.empty()) return {registration()};
  std::vector<http::Route> all;
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

// RFC 7591, section 3.2.2.
http::Route OAuthMetadata::registration() const {
  http::Route route{"POST", "/register", "oauth-register", kRules, [this](http::Exchange exchange) {
                      if (!needs_key_()) return exchange.reply(http::no_endpoint_here());
                      http::Response response{.status = 400, .body = std::string(kNeedsKey)};
                      response.fields.push_back({"Cache-Control", "no-store"});
                      exchange.reply(std::move(response));
                    }};
  route.reads_body = false;
  return route;
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
