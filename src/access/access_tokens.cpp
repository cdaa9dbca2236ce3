#include "access/access_tokens.hpp"

#include <algorithm>
#include <cjose/header.h>
#include <cjose/jws.h>
#include <jansson.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "config/text.hpp"
#include "util/crypto.hpp"
#include "util/encoding.hpp"

namespace sidecar::access {
namespace {

using Json = nlohmann::json;
using Kind = TokenFault::Kind;

tl::unexpected<TokenFault> fault(Kind kind, std::string_view why) {
  return tl::unexpected<TokenFault>(TokenFault{kind, why});
}

// RFC 7515, section 7.1.
bool is_compact_jws(std::string_view token) {
  const std::size_t first = std::min(token.find('.'), token.size());
  const std::size_t second = token.find('.', first + 1);
  return second != token.npos && is_base64url(token.substr(0, first)) &&
         is_base64url(token.substr(first + 1, second - first - 1)) &&
         is_base64url(token.substr(second + 1));
}

std::string_view without_slash(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

// RFC 9068, section 2.1; other servers send JWT, or no type.
bool is_access_token(std::string_view type) {
  const std::string lower = config::lower_case(type);
  return lower.empty() || lower == "jwt" || lower == "at+jwt" || lower == "application/at+jwt";
}

std::string text_of(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  return found != claims.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// A string, or an array of strings.
std::vector<std::string> texts_of(const Json& claims, const char* name) {
  std::vector<std::string> texts;
  const auto found = claims.find(name);
  if (found == claims.end()) return texts;
  for (const Json& each : found->is_array() ? *found : Json::array({*found})) {
    if (each.is_string()) texts.push_back(each.get<std::string>());
  }
  return texts;
}

// `scope` is a string of words (RFC 8693, section 4.2); some servers send `scp`, a string or array.
std::vector<std::string> scopes_of(const Json& claims) {
  std::vector<std::string> scopes;
  for (const char* claim : {"scope", "scp"}) {
    for (const std::string& text : texts_of(claims, claim)) {
      std::size_t begin = 0;
      while (begin < text.size()) {
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        if (end > begin) scopes.push_back(text.substr(begin, end - begin));
        begin = end + 1;
      }
    }
  }
  return scopes;
}

bool is_text(const Json& value) { return value.is_string(); }
bool is_number(const Json& value) { return value.is_number(); }
bool is_texts(const Json& value) {
  return value.is_string() ||
         (value.is_array() && std::all_of(value.begin(), value.end(), is_text));
}

// Types of the claims that are read (RFC 7519, section 4.1; RFC 9068, section 2.2). A claim of
// another type must not count as missing, because what it limits would then be unlimited.
constexpr std::pair<const char*, bool (*)(const Json&)> kTypes[] = {
    {"iss", is_text},   {"sub", is_text},    {"client_id", is_text}, {"azp", is_text},
    {"aud", is_texts},  {"scope", is_texts}, {"scp", is_texts},      {"exp", is_number},
    {"nbf", is_number}, {"iat", is_number},
};

bool is_well_typed(const Json& claims) {
  return std::all_of(std::begin(kTypes), std::end(kTypes), [&claims](const auto& type) {
    const auto found = claims.find(type.first);
    return found == claims.end() || type.second(*found);
  });
}

// Seconds since 1970, a fraction allowed (RFC 7519, section 2). Clamped to the range of WallTime.
std::optional<WallTime> time_of(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  constexpr double kFarthest = 9e9;  // year 2255
  return WallTime(std::chrono::seconds(
      static_cast<std::int64_t>(std::clamp(found->get<double>(), -kFarthest, kFarthest))));
}

// The separator is in no issuer, and it is escaped in the names.
std::string owner_of(std::string_view issuer, std::string_view subject, std::string_view client) {
  std::string owner(issuer);
  for (const std::string_view part : {subject, client}) {
    owner += '|';
    for (const char c : part) {
      if (c == '|' || c == '\\') owner += '\\';
      owner += c;
    }
  }
  return owner;
}

bool has(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

auth::Permissions granted_by(const std::vector<std::string>& scopes) {
  static constexpr std::string_view kTools = "mcp:tools:";
  auth::Permissions permissions;
  permissions.admin = has(scopes, "mcp:admin");
  permissions.metrics = has(scopes, "mcp:metrics");
  permissions.read_only = has(scopes, "mcp:read") && !has(scopes, "mcp:write");
  for (const std::string& scope : scopes) {
    if (scope.starts_with(kTools)) permissions.tools.allow.push_back(scope.substr(kTools.size()));
  }
  return permissions;
}

}  // namespace

bool AccessTokens::looks_like_one(std::string_view secret) {
  return secret.starts_with("ey") && std::count(secret.begin(), secret.end(), '.') == 2;
}

void AccessTokens::set_keys(Jwks keys) {
  keys_ = std::move(keys);
  remembered_.clear();
}

tl::expected<std::string, TokenFault> AccessTokens::signed_claims(std::string_view token) {
  // cjose 0.6.2 aborts on some text that is not base64url.
  if (!is_compact_jws(token)) return fault(Kind::kInvalid, "it is not a signed JWT");
  cjose_err error{};
  const std::unique_ptr<cjose_jws_t, void (*)(cjose_jws_t*)> jws(
      cjose_jws_import(token.data(), token.size(), &error), cjose_jws_release);
  if (jws == nullptr) return fault(Kind::kInvalid, "it is not a signed JWT");
  cjose_header_t* const header = cjose_jws_get_protected(jws.get());
  const auto text = [&](const char* name) {
    const char* const value = cjose_header_get(header, name, &error);
    return std::string_view(value == nullptr ? "" : value);
  };
  for (const char* name : {"typ", CJOSE_HDR_ALG, CJOSE_HDR_KID}) {
    const json_t* const value = json_object_get(header, name);
    if (value != nullptr && !json_is_string(value))
      return fault(Kind::kInvalid, "one of its header's members has a wrong type");
  }
  if (json_object_get(header, "crit") != nullptr)
    return fault(Kind::kInvalid, "it has an unknown critical extension");
  if (!is_access_token(text("typ"))) return fault(Kind::kInvalid, "it is not an access token");
  const SignatureAlgorithm* const algorithm = signature_algorithm(text(CJOSE_HDR_ALG));
  if (algorithm == nullptr) return fault(Kind::kInvalid, "its algorithm is not accepted");
  const Jwks::Key* const key = keys_.find(text(CJOSE_HDR_KID), *algorithm);
  if (key == nullptr) {
    unknown_key_();
    return fault(Kind::kInvalid, "its key is not known");
  }
  if (!cjose_jws_verify(jws.get(), key->key.get(), &error))
    return fault(Kind::kInvalid, "its signature is not valid");
  uint8_t* claims = nullptr;  // owned by the jws
  std::size_t size = 0;
  if (!cjose_jws_get_plaintext(jws.get(), &claims, &size, &error))
    return fault(Kind::kInvalid, "it is empty");
  return std::string(claims, claims + size);
}

tl::expected<std::shared_ptr<const Bearer>, TokenFault> AccessTokens::check(std::string_view token,
                                                                            WallTime now) {
  if (keys_.size() == 0)
    return fault(Kind::kNoKeys, "the keys of the authorization server are not known yet");
  const std::string hash = sha256_hex(token);
  if (const auto known = remembered_.find(hash); known != remembered_.end()) {
    if (known->second->expires > now) return known->second;
    remembered_.erase(known);
    return fault(Kind::kExpired, "it has expired");
  }
  const auto text = signed_claims(token);
  if (!text) return tl::unexpected(text.error());
  const Json claims = Json::parse(*text, nullptr, false);
  if (!claims.is_object()) return fault(Kind::kInvalid, "it has no claims");
  if (!is_well_typed(claims)) return fault(Kind::kInvalid, "one of its claims has a wrong type");
  if (text_of(claims, "iss") != rules_.issuer)
    return fault(Kind::kInvalid, "it was issued by another server");
  const std::vector<std::string> audiences = texts_of(claims, "aud");
  if (std::none_of(audiences.begin(), audiences.end(), [this](std::string_view audience) {
        return std::any_of(rules_.audiences.begin(), rules_.audiences.end(),
                           [audience](std::string_view own) {
                             return without_slash(own) == without_slash(audience);
                           });
      })) {
    return fault(Kind::kInvalid, "it is meant for another resource");
  }
  const auto expires = time_of(claims, "exp");
  if (!expires) return fault(Kind::kInvalid, "it has no expiry");
  if (*expires + kLeeway <= now) return fault(Kind::kExpired, "it has expired");
  const auto not_before = time_of(claims, "nbf");
  if (not_before && *not_before - kLeeway > now)
    return fault(Kind::kInvalid, "it is not valid yet");
  const std::string subject = text_of(claims, "sub");
  std::string client = text_of(claims, "client_id");
  if (client.empty()) client = text_of(claims, "azp");
  if (subject.empty()) return fault(Kind::kInvalid, "it has no subject");
  if (subject.size() > kMaxName || client.size() > kMaxName)
    return fault(Kind::kInvalid, "its subject or client is too long");
  const std::vector<std::string> scopes = scopes_of(claims);
  if (!std::all_of(rules_.scopes.begin(), rules_.scopes.end(),
                   [&scopes](const std::string& needed) { return has(scopes, needed); })) {
    return fault(Kind::kScope, "it lacks a scope");
  }
  auto bearer = std::make_shared<const Bearer>(
      Bearer{owner_of(rules_.issuer, subject, client),
             std::make_shared<const auth::Permissions>(granted_by(scopes)), *expires + kLeeway});
  // Only tokens of the issuer reach this point, and verifying one again is cheap.
  if (remembered_.size() >= kMaxRemembered) remembered_.clear();
  remembered_.emplace(hash, bearer);
  return bearer;
}

}  // namespace sidecar::access
