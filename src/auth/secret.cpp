#include "auth/secret.hpp"

#include <utility>

#include "util/crypto.hpp"

namespace sidecar::auth {

Secret::Secret(std::vector<std::string> values, std::string scope)
    : values_(std::move(values)), scope_(std::move(scope)) {}

std::vector<std::string> Secret::keys(std::string_view label) const {
  std::string info = "mcp-sidecar/" + std::string(label);
  if (!scope_.empty()) info += "/" + scope_;
  std::vector<std::string> keys;
  keys.reserve(values_.size());
  for (const std::string& value : values_) keys.push_back(hkdf_sha256(value, info));
  return keys;
}

}  // namespace sidecar::auth
