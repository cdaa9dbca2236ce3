// Configuration: the settings, checked and converted for the parts of the program, with the
// contents of the files that they name. Made at start and at each reload; an error in any part
// rejects all of it. Main thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "access/address.hpp"
#include "access/keys.hpp"
#include "audit/audit_log.hpp"
#include "config/sources.hpp"
#include "observe/log.hpp"
#include "util/result.hpp"

namespace sidecar::app {

struct Configuration {
  config::Loaded loaded;
  access::Networks networks;            // MCP_TRUSTED_PROXIES and MCP_ALLOWED_IPS
  std::vector<access::StoredKey> keys;  // from the keys file
  // NAME=value, sorted by name; without the variables of the command.
  std::vector<std::string> child_environment;
};

using ReadConfiguration = std::function<Result<Configuration>()>;

// `environment`: of this process. Errors: one line that names the setting and its source.
Result<Configuration> configuration(config::Loaded loaded, config::Environment environment);

// The environment with further variables, NAME=value, in place of those of the same name.
std::vector<std::string> with_variables(std::vector<std::string> environment,
                                        const std::vector<std::string>& variables);

// REQUIRES: an address. Fills in the folder, and adds room for further callers.
audit::Options audit_options(const config::AuditSettings& settings);

}  // namespace sidecar::app
