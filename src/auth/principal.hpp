// Principal: the key or token and the address of a client, as access::Gate established them.
// Sessions belong to principals; log lines and limits name them. Holds no secret. A plain value:
// any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/permissions.hpp"

namespace sidecar::auth {

struct Principal {
  std::string owner;  // name of the key; empty when no keys are configured
  // Client address as text; behind a trusted proxy, the forwarded one.
  std::string address;
  bool has_key = false;        // sent a valid key or token
  bool loopback = false;       // `address` is a loopback address
  bool admin = false;          // Permissions::admin applies
  bool by_stored_key = false;  // the key can be revoked
  // Those of the sidecar and those of the key; all must allow an action. Empty: all allowed.
  std::vector<std::shared_ptr<const Permissions>> permissions{};

  std::uint64_t key_fingerprint = 0;  // with by_stored_key: identifies one of the owner's keys
  // Expiry of the access token; empty without a token.
  std::optional<std::chrono::system_clock::time_point> expires{};
  bool metrics = false;  // Permissions::metrics applies
  // With by_stored_key: the key came in the URL, or by the session of a stream that was so opened.
  bool by_url_key = false;

  bool operator==(const Principal&) const = default;

  // Owner of its share of common limits (util/shares.hpp): the key, or the address without one.
  const std::string& share_owner() const { return has_key ? owner : address; }
  bool restricted() const {
    return std::any_of(permissions.begin(), permissions.end(),
                       [](const auto& each) { return each->restricts(); });
  }
  bool read_only() const {
    return std::any_of(permissions.begin(), permissions.end(),
                       [](const auto& each) { return each->read_only; });
  }
  // `part`: &Permissions::tools, &Permissions::resources or &Permissions::prompts.
  bool may(NameRules Permissions::*part, std::string_view name) const {
    return std::all_of(permissions.begin(), permissions.end(),
                       [&](const auto& each) { return ((*each).*part).allows(name); });
  }
};

// How much a principal learns about failures of the wrapped server and about other callers' use of
// it. Applies to errors of calls, /ready and /health.
enum class Disclosure : std::uint8_t {
  kState,   // the failure, its exit code or signal, restarts
  kLine,    // also the last line of stderr; calls and sessions of each process
  kStderr,  // also the end of stderr
};

// `needs_key`: the sidecar requires a key or a token.
inline Disclosure disclosure(const Principal& caller, bool needs_key) {
  if (caller.admin || (!needs_key && caller.loopback)) return Disclosure::kStderr;
  return caller.by_stored_key && !caller.restricted() ? Disclosure::kLine : Disclosure::kState;
}

}  // namespace sidecar::auth
