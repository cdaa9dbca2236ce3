// AccessTokens: tokens of an authorization server as credentials: signed JWTs (RFC 7519, RFC 9068),
// checked as the specification's Authorization asks (2025-11-25): signature, issuer, audience (RFC
// 8707), expiry, scopes.
//
// Scopes and what they grant, besides those that every token needs (TokenRules::scopes):
//   mcp:admin          config::Permissions::admin
//   mcp:metrics        config::Permissions::metrics
//   mcp:read           only tools that read, unless mcp:write is there too
//   mcp:tools:PATTERN  only tools of that name; several add up
//
// Signatures are cjose's. Owned by Program; loop thread only.
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
#include "config/permissions.hpp"
#include "util/result.hpp"

namespace sidecar::access {

struct TokenRules {
  std::string issuer;  // `iss`, to the letter
  // one of them is in `aud`; a slash at the end makes no difference
  std::vector<std::string> audiences;
  std::vector<std::string> scopes;  // all of them are needed
};

// Whom a token speaks for.
struct Bearer {
  std::string
      // issuer, subject and client: a refreshed token has the same. No name of a key looks like it
      owner;
  std::shared_ptr<const config::Permissions> permissions;
  WallTime expires;
};

struct TokenFault {
  enum class Kind {
    kInvalid,
    kExpired,
    kScope,   // a good token that lacks a scope
    kNoKeys,  // nothing can be checked yet
  };
  Kind kind;
  std::string_view why;  // fit for a quoted string of a header field; holds nothing of the token
};

class AccessTokens {
 public:
  static constexpr std::size_t kMaxRemembered = 4096;
  static constexpr std::chrono::seconds kLeeway{30};  // for clocks that differ
  static constexpr std::size_t kMaxName = 255;        // bytes of subject and client

  // `unknown_key` is called at each token whose key is not among those that are known.
  AccessTokens(TokenRules rules, std::function<void()> unknown_key)
      : rules_(std::move(rules)), unknown_key_(std::move(unknown_key)) {}

  const TokenRules& rules() const { return rules_; }
  // Whether `secret` has the form of a signed JWT.
  static bool looks_like_one(std::string_view secret);
  tl::expected<std::shared_ptr<const Bearer>, TokenFault> check(std::string_view token,
                                                                WallTime now);
  // What was checked with other keys is checked again.
  void set_keys(Jwks keys);
  // Tokens that are not checked anew: kMaxRemembered at most.
  std::size_t remembered() const { return remembered_.size(); }

 private:
  tl::expected<std::string, TokenFault> signed_claims(std::string_view token);

  const TokenRules rules_;
  const std::function<void()> unknown_key_;
  Jwks keys_;
  // by the token's SHA-256
  std::unordered_map<std::string, std::shared_ptr<const Bearer>> remembered_;
};

}  // namespace sidecar::access
