// Reload: reads the settings again while the program runs, says what changed and what waits, and
// gives out what is to be applied. Whatever cannot be used leaves everything as it is, and the log
// says why:
//
//   a file that cannot be read, a wrong value, a keys file that cannot be used
//   a `.env` that is gone, of which an editor may be putting the new one in place
//   no key any more, where one was needed: that would open the sidecar by a slip
//
// Knows none of the parts: Program applies. Loop thread only.
#pragma once

#include <optional>

#include "app/configuration.hpp"
#include "observe/log.hpp"

namespace sidecar::app {

// What runs now.
struct Running {
  config::Loaded& loaded;  // takes over what may change
  const std::vector<std::string>& child_environment;
  bool needs_key;
};

// Whether a sidecar with this configuration lets nobody in without a key.
using NeedsKey = std::function<bool(const Configuration&)>;

// The configuration to apply: networks, keys and the environment of children are its own, settings
// are those of `running`. Nothing: all stays as it is. What is logged is seen at the old level and
// at the new one.
std::optional<Configuration> reload(const Running& running, const ReadConfiguration& read,
                                    const NeedsKey& needs_key, observe::Log& log);

}  // namespace sidecar::app
