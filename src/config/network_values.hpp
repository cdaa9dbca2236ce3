// Network values: reads the text of settings that name hosts, URLs, origins, networks and the audit
// database. Checks the form only and looks nothing up. No state.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

namespace sidecar::config {

// A host name or an address; `[::1]` becomes `::1`.
Result<std::string> parse_host(std::string_view text);

// http(s)://host[:port][/prefix] without query, fragment and credentials. Slashes at the end are
// removed.
Result<std::string> parse_public_url(std::string_view text);

// The name of an authorization server: a URL as for parse_public_url, returned unchanged.
Result<std::string> parse_issuer(std::string_view text);

// An http(s) URL, optionally with a query, or the path of a file.
Result<std::string> parse_key_source(std::string_view text);

// A comma list of names of resources, mostly URLs.
Result<std::vector<std::string>> parse_audiences(std::string_view text);

// A comma list of scope tokens (RFC 6749, section 3.3).
Result<std::vector<std::string>> parse_scopes(std::string_view text);

// `none`, or a comma list of `*`, `auto` and scheme://host[:port] as browsers send it. Returned in
// lower case, without a slash at the end.
Result<std::vector<std::string>> parse_origins(std::string_view text);

// `*`, or a comma list of host[:port], [v6][:port] and *.domain[:port]. Returned in lower case.
Result<std::vector<std::string>> parse_allowed_hosts(std::string_view text);

// A comma list of IPv4 and IPv6 addresses and CIDR networks, or `*` for every address.
Result<std::vector<std::string>> parse_allowed_addresses(std::string_view text);

// `none`, or a comma list of IPv4 and IPv6 addresses and CIDR networks.
Result<std::vector<std::string>> parse_networks(std::string_view text);

inline constexpr std::string_view kDefaultAuditAddress = "sqlite:mcp-sidecar-audit.db";

// MCP_AUDIT_DB: "off" (returned as ""), "on" (the default), "sqlite:PATH", "postgresql://…".
Result<std::string> parse_audit_address(std::string_view text);

// The address that SDP_DB_HOST, _PORT, _NAME, _USER, _PASSWORD and _SSL describe; the default if
// neither host nor name is set. `variable` returns a value by its name, empty if it is not set.
std::string service_desk_audit_address(
    const std::function<std::string(const std::string&)>& variable);

}  // namespace sidecar::config
