// Credentials: where a request may carry its key or token, and which one counts. Knows no keys and
// judges nothing. No state.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace sidecar::access {

inline constexpr std::string_view kApiKeyField = "X-API-Key";
inline constexpr std::string_view kAuthorizationField = "Authorization";
inline constexpr std::string_view kVapiSecretField = "X-Vapi-Secret";

// Query parameters that may carry a key (MCP_ALLOW_QUERY_KEY). The first one that is not empty
// counts.
inline constexpr std::string_view kKeyParameters[] = {"api_key", "apiKey", "apikey", "key",
                                                      "token"};

// In order of precedence.
enum class KeyPlace : std::uint8_t { kApiKey, kAuthorization, kVapiSecret, kUrl, kNowhere };

struct Credential {
  KeyPlace place = KeyPlace::kNowhere;
  std::string_view secret{};  // may be empty although the field is there: "Bearer "
};

// `header`: the value of a field by its name; empty when absent. `vapi_secret`: the route reads
// X-Vapi-Secret. `url_key`: the key of the URL; empty if there is none or it does not count.
Credential credential_of(const std::function<std::string_view(std::string_view)>& header,
                         bool vapi_secret, std::string_view url_key);

// RFC 6750: `Authorization: Bearer KEY`; clients of the predecessor also send the bare key.
std::string_view bearer_of(std::string_view authorization);

}  // namespace sidecar::access
