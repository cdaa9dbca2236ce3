// KeptSecret: where the sidecar's secret (auth::Secret) comes from, so that what it signs holds
// across restarts: MCP_SECRET, else a file that is made at the first start, else a random value.
// Blocking calls, at the start only.
#pragma once

#include <string>

#include "auth/secret.hpp"
#include "config/settings.hpp"
#include "config/sources.hpp"

namespace sidecar::app {

struct KeptSecret {
  auth::Secret secret;
  std::string problem;  // why it ends with the process; empty: it is kept
};

// The file `secret` (0600) is in MCP_STATE_DIR, else in systemd's STATE_DIRECTORY, else in
// $XDG_STATE_HOME/mcp-sidecar, else in ~/.local/state/mcp-sidecar. Sidecars that share the file
// have keys of their own, by their port; those that share MCP_SECRET are replicas and share keys.
KeptSecret kept_secret(const config::Settings& settings, const config::Environment& environment);

}  // namespace sidecar::app
