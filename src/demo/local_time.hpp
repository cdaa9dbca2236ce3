// The time of day in a zone of the system's time zone database.
// Changes the process's TZ for the moment of the call: single-threaded programs only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sidecar::demo {

// iso8601, rfc2822 or unix (seconds, for which the zone does not matter).
bool is_time_format(std::string_view format);

// Nothing when this machine does not know the zone; "UTC" is always known. REQUIRES:
// is_time_format(format).
std::optional<std::string> format_now(const std::string& zone, std::string_view format);

}  // namespace sidecar::demo
