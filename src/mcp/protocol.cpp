#include "mcp/protocol.hpp"

#include <algorithm>

namespace sidecar::mcp {

std::string handshake_versions_text() {
  std::string text;
  for (const std::string_view version : kHandshakeVersions)
    text.append(text.empty() ? "" : ", ").append(version);
  return text;
}

// Revisions are dates, so their order is that of their text.
bool resumes_streams(std::string_view version) { return version >= "2025-11-25"; }

bool is_handshake_version(std::string_view version) {
  return std::find(kHandshakeVersions.begin(), kHandshakeVersions.end(), version) !=
         kHandshakeVersions.end();
}

std::string_view negotiate(std::string_view asked, std::string_view child) {
  // Revisions are dates, so their order is that of their text.
  return is_handshake_version(asked) && asked <= child ? asked : child;
}

}  // namespace sidecar::mcp
