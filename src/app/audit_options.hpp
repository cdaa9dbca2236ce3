// What the audit log is started with, from the settings.
#pragma once

#include "audit/audit_log.hpp"
#include "config/settings.hpp"

namespace sidecar::app {

// REQUIRES: Settings::audit_db is set.
audit::Options audit_options(const config::Settings& settings);

}  // namespace sidecar::app
