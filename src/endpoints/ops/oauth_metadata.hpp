// OAuth metadata: names the authorization server for this resource (RFC 9728; MCP 2025-11-25,
// Authorization).
//   GET /.well-known/oauth-protected-resource             of the whole server
//   GET /.well-known/oauth-protected-resource/mcp, /sse   of one endpoint
//   POST /register                                        without an authorization server
// Each of the documents also exists with the public URL's path after oauth-protected-resource, for
// proxies that do not strip the path. /register tells a client that wants to register that it needs
// a key instead: clients that find no metadata take the server itself for the authorization server
// (MCP 2025-03-26, Authorization), and show the text of this error.
// Owned by app; loop thread only.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access_tokens.hpp"
#include "http/server.hpp"

namespace sidecar::endpoints {

class OAuthMetadata {
 public:
  static constexpr std::string_view kPath = "/.well-known/oauth-protected-resource";

  // Without an issuer there is only /register. `needs_key`: callers need a key; false: 404.
  OAuthMetadata(access::TokenRules rules, std::string public_url, std::string public_path,
                std::function<bool()> needs_key);

  std::vector<http::Route> routes() const;

 private:
  http::Route registration() const;
  std::string document(std::string_view endpoint) const;

  const access::TokenRules rules_;
  const std::string public_url_;
  const std::string public_path_;
  const std::function<bool()> needs_key_;
};

}  // namespace sidecar::endpoints
