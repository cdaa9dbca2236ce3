#include "access/credentials.hpp"

#include <algorithm>
#include <cctype>

namespace sidecar::access {
namespace {

constexpr std::string_view kBearer = "bearer ";

}  // namespace

std::string_view bearer_of(std::string_view authorization) {
  const bool bearer =
      authorization.size() >= kBearer.size() &&
      std::equal(kBearer.begin(), kBearer.end(), authorization.begin(),
                 [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
  if (bearer) authorization.remove_prefix(kBearer.size());
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  return authorization;
}

Credential credential_of(const std::function<std::string_view(std::string_view)>& header,
                         bool vapi_secret, std::string_view url_key) {
  if (const auto key = header(kApiKeyField); !key.empty()) return {KeyPlace::kApiKey, key};
  if (const auto value = header(kAuthorizationField); !value.empty())
    return {KeyPlace::kAuthorization, bearer_of(value)};
  if (const auto secret = vapi_secret ? header(kVapiSecretField) : std::string_view();
      !secret.empty())
    return {KeyPlace::kVapiSecret, secret};
  if (!url_key.empty()) return {KeyPlace::kUrl, url_key};
  return {};
}

}  // namespace sidecar::access
