// Host name: what a Host field names, without its port. Read strictly: user information, a zone id,
// text behind a bracket, or anything else that a browser never sends makes it no host at all.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sidecar::access {

struct HostName {
  // lower case; an IPv6 address without brackets, a name without a dot at its end
  std::string text;
  bool address = false;   // IPv4 in four decimal parts, or IPv6
  bool loopback = false;  // localhost, or a loopback address
};

// "LocalHost:3001", "192.0.2.1", "[::1]:80". Nothing for what is no name and no address, and for an
// empty port.
std::optional<HostName> host_name(std::string_view host);

bool is_port(std::string_view text);

}  // namespace sidecar::access
