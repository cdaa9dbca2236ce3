// AccessTokens: accepts signed JWTs (RFC 7519, RFC 9068) of an authorization server as credentials.
// Checks signature, issuer, audience (RFC 8707), expiry and scopes (MCP 2025-11-25, Authorization).
//
// Every token needs TokenRules::scopes. These scopes grant or restrict more:
//   mcp:admin          auth::Permissions::admin
//   mcp:metrics        auth::Permissions::metrics
//   mcp:read           read-only tools alone, unless mcp:write is present too
//   mcp:tools:PATTERN  tools of that name alone; several patterns add up
//
// cjose verifies the signatures. Owned by Service; loop thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/jwks.hpp"
#include "access/keys.hpp"
#include "auth/permissions.hpp"
#include "util/result.hpp"

namespace sidecar::access {

struct TokenRules {
  std::string issuer;  // `iss`, compared byte by byte
  // `aud` holds at least one of them; slashes at the end are ignored.
  std::vector<std::string> audiences;
  std::vector<std::string> scopes;  // all are required
};

// The principal of a token that was accepted.
struct Bearer {
  // Issuer, subject and client; the same for a refreshed token, never equal to a key's name.
  std::string owner;
  std::shared_ptr<const auth::Permissions> permissions;
  WallTime expires;
};

struct TokenFault {
  enum class Kind {
    kInvalid,
    kExpired,
    kScope,   // a valid token that lacks a scope
    kNoKeys,  // no key set was loaded yet
  };
  Kind kind;
  // Can stand in a quoted string of a header field; holds no part of the token.
  std::string_view why;
};

class AccessTokens {
 public:
  static constexpr std::size_t kMaxRemembered = 4096;
  static constexpr std::chrono::seconds kLeeway{30};  // tolerated difference of clocks
  static constexpr std::size_t kMaxName = 255;        // bytes of subject and client

  // `unknown_key` is called for each token that names a key outside the loaded set.
  AccessTokens(TokenRules rules, std::function<void()> unknown_key)
      : rules_(std::move(rules)), unknown_key_(std::move(unknown_key)) {}

  const TokenRules& rules() const { return rules_; }
  // True if `secret` has the form of a signed JWT.
  static bool looks_like_one(std::string_view secret);
  tl::expected<std::shared_ptr<const Bearer>, TokenFault> check(std::string_view token,
                                                                WallTime now);
  // Tokens that earlier keys verified are verified again.
  void set_keys(Jwks keys);
  // Number of cached results, at most kMaxRemembered.
  std::size_t remembered() const { return remembered_.size(); }

 private:
  tl::expected<std::string, TokenFault> signed_claims(std::string_view token);

  const TokenRules rules_;
  const std::function<void()> unknown_key_;
  Jwks keys_;
  // Keyed by the token's SHA-256.
  std::unordered_map<std::string, std::shared_ptr<const Bearer>> remembered_;
};

}  // namespace sidecar::access
