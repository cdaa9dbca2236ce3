// RouteRules: whom a route serves, and which checks of the gate apply to it. A plain value: any
// thread. It lies here because http (whose routes have rules) and access (which applies them) must
// not include each other.
#pragma once

#include <cstdint>
#include <string_view>

namespace sidecar {

enum class Access : std::uint8_t {
  kProbe,    // health checks: everybody; no origin rule and no rates; a wrong key still counts
  kPublic,   // everybody; a wrong key still counts, if keys are read
  kClient,   // callers with a key or token, if one is needed
  kMetrics,  // callers with the permission metrics or admin
  kAdmin,    // callers with the permission admin
};

struct RouteRules {
  Access access = Access::kClient;
  bool charged = true;  // to the rates; never if kProbe
  // Callers on this machine pass the list of allowed addresses.
  bool loopback_allowed = false;
  // The endpoint has metadata of its own (RFC 9728), which a challenge names.
  bool has_metadata = false;
  // False: no key or token is looked at, because the answer is the same for everybody. Requires
  // kPublic.
  bool reads_key = true;
  // A key is also read from X-Vapi-Secret.
  bool vapi_secret = false;
  // A request without a key may name the session of an event stream that was opened with a key in
  // its URL: the session's id stands for that key.
  bool session_as_key = false;
  // For kMetrics and kAdmin: what others may not do, as the 403 says it. Static text.
  std::string_view action = "use this endpoint";
};

// At a path without a route everybody gets the same 404. Programs that look for an authorization
// server ask at many such paths, some of them with their key.
inline constexpr RouteRules kNoRoute{.access = Access::kPublic, .reads_key = false};

}  // namespace sidecar
