// Where the audit log is kept, as settings tell it: MCP_AUDIT_DB, or the variables of the Service
// Desk Plus server. Knows the forms of an address, not what is behind it. No state.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "util/result.hpp"

namespace sidecar::config {

inline constexpr std::string_view kDefaultAuditAddress = "sqlite:mcp-sidecar-audit.db";

// "off" (empty then), "on" (the default), "sqlite:PATH", "postgresql://…".
Result<std::string> parse_audit_address(std::string_view text);

// What SDP_DB_HOST, _PORT, _NAME, _USER, _PASSWORD and _SSL say; the default without host and name.
// `variable`: a value by its name, empty when not set.
std::string service_desk_audit_address(
    const std::function<std::string(const std::string&)>& variable);

}  // namespace sidecar::config
