// OAuth metadata: tells clients where tokens for this resource are had (RFC 9728; the
// specification's Authorization, 2025-11-25).
//   GET /.well-known/oauth-protected-resource             of the whole server
//   GET /.well-known/oauth-protected-resource/mcp, /sse   of one endpoint
// and the same with the public URL's path in between, for a proxy that passes the path as it is.
// Owned by app; loop thread only.
#pragma once

#include <string>
#include <vector>

#include "access/access_tokens.hpp"
#include "http/server.hpp"

namespace sidecar::endpoints {

class OAuthMetadata {
 public:
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
