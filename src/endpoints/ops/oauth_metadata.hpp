// OAuth metadata: names the authorization server for this resource (RFC 9728; MCP 2025-11-25,
// Authorization).
//   GET /.well-known/oauth-protected-resource             of the whole server
//   GET /.well-known/oauth-protected-resource/mcp, /sse   of one endpoint
// Each also exists with the public URL's path after oauth-protected-resource, for proxies that do
// not strip the path.
// Owned by app; loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/access_tokens.hpp"
#include "http/server.hpp"

namespace sidecar::endpoints {

class OAuthMetadata {
 public:
  static constexpr std::string_view kPath = "/.well-known/oauth-protected-resource";

  // Without an issuer there are no routes.
  OAuthMetadata(access::TokenRules rules, std::string public_url, std::string public_path);

  std::vector<http::Route> routes() const;

 private:
  std::string document(std::string_view endpoint) const;

  const access::TokenRules rules_;
  const std::string public_url_;
  const std::string public_path_;
};

}  // namespace sidecar::endpoints
