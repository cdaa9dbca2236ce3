// Secrets: which variables hold secrets of the sidecar, and how their values are kept from others.
// No state.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "config/sources.hpp"
#include "config/table.hpp"

namespace sidecar::config {

// The variables that hold the sidecar's own secrets, their _FILE forms included.
std::vector<std::string> secret_names();

// Stands for a secret in comparisons; valid within one run of the program.
inline std::size_t fingerprint_of(std::string_view secret) {
  return std::hash<std::string_view>{}(secret);
}

// The value of a setting as it was given; `(hidden)` for a secret.
std::string shown_value(const Setting& setting, const Origin& origin);

// `text` with `***` in place of each secret of the settings in it. Values of less than four bytes
// are no secrets.
std::string without_secrets(std::string text, const Settings& settings);

// Overwrites the values of secret settings, and of variables in a command, with NUL bytes in the
// memory that the kernel shows as /proc/PID/environ and /proc/PID/cmdline; every user may read the
// latter. Names, lengths and everything after `--` stay. `environment` and `arguments`: as main()
// has them, each ending in a null pointer. Call it once they are copied.
void overwrite_secrets(char* const* environment, char* const* arguments);

}  // namespace sidecar::config
