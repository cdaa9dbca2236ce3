// Reload: reads the settings again while the program runs, logs which changed and which wait for a
// restart, and returns the configuration that Program applies. A reload is rejected as a whole,
// with a log line that gives the reason, for:
//
//   a file that cannot be read, a wrong value, an unusable keys file
//   a `.env` that has disappeared, because an editor may be replacing it
//   a configuration without keys where one was needed: a slip would open the sidecar
//
// No state; loop thread only.
#pragma once

#include <optional>

#include "app/configuration.hpp"
#include "observe/log.hpp"

namespace sidecar::app {

// The configuration in use.
struct Running {
  config::Loaded& loaded;  // reload() updates the settings that may change
  const std::vector<std::string>& child_environment;
  bool needs_key;
};

// True if a sidecar with this configuration needs a key or a token.
using NeedsKey = std::function<bool(const Configuration&)>;

// Returns the configuration to apply: its networks, keys and child environment; the settings are in
// `running`. Nothing if the reload was rejected. The more verbose of the old and new log level
// applies to the lines of the reload.
std::optional<Configuration> reload(const Running& running, const ReadConfiguration& read,
                                    const NeedsKey& needs_key, observe::Log& log);

}  // namespace sidecar::app
