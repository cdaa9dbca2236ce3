// Network values: reads the text of settings that name hosts, URLs, origins and networks.
// Checks the form only: nothing is looked up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

namespace sidecar::config {

// A host name or an address; `[::1]` becomes `::1`.
Result<std::string> parse_host(std::string_view text);

// http(s)://host[:port][/prefix] without query, fragment and credentials; a slash at the end is
// taken off.
Result<std::string> parse_public_url(std::string_view text);

// An authorization server's name: a URL as parse_public_url takes it, kept to the letter.
Result<std::string> parse_issuer(std::string_view text);

// An http(s) URL, a query allowed, or the path of a file.
Result<std::string> parse_key_source(std::string_view text);

// A comma list of names of resources, mostly URLs.
Result<std::vector<std::string>> parse_audiences(std::string_view text);

// A comma list of scope tokens (RFC 6749, section 3.3).
Result<std::vector<std::string>> parse_scopes(std::string_view text);

// `none`, or a comma list of `*`, `auto` and scheme://host[:port] as browsers send it; lower case,
// no slash at the end.
Result<std::vector<std::string>> parse_origins(std::string_view text);

// `*`, or a comma list of host[:port], [v6][:port] and *.domain[:port]; lower case.
Result<std::vector<std::string>> parse_allowed_hosts(std::string_view text);

// A comma list of IPv4 and IPv6 addresses and CIDR networks, or `*` for every address.
Result<std::vector<std::string>> parse_allowed_addresses(std::string_view text);

// `none`, or a comma list of IPv4 and IPv6 addresses and CIDR networks.
Result<std::vector<std::string>> parse_networks(std::string_view text);

}  // namespace sidecar::config
