// Configuration: the settings as the parts take them: loaded, checked, and what they name read.
// Read at start, and again by a reload: either all of it can be used or none.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "access/address.hpp"
#include "access/keys.hpp"
#include "config/sources.hpp"
#include "observe/log.hpp"
#include "util/result.hpp"

namespace sidecar::app {

struct Configuration {
  config::Loaded loaded;
  access::Networks networks;                   // MCP_TRUSTED_PROXIES and MCP_ALLOWED_IPS
  std::vector<access::StoredKey> keys;         // of the keys file
  std::vector<std::string> child_environment;  // as NAME=value, in the order of names
};

using ReadConfiguration = std::function<Result<Configuration>()>;

// `environment`: of this process. Errors: one line that names the setting and its source.
Result<Configuration> configuration(config::Loaded loaded, config::Environment environment);

observe::LogLevel log_level(const config::Settings& settings);

}  // namespace sidecar::app
