// URLs and host names as the fields of a request carry them. No state.
//
// They are written into documents and compared with the names of this server, so they are read
// strictly: text that does not have the form of a host name, a port or a path is not used.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sidecar::access {

struct HostName {
  // Lower case; an IPv6 address without brackets, a name without a dot at its end.
  std::string text;
  bool address = false;   // IPv4 in four decimal parts, or IPv6
  bool loopback = false;  // localhost, or a loopback address
};

// The host of a Host field, without its port: "LocalHost:3001", "192.0.2.1", "[::1]:80". Nothing
// for anything that a browser never sends: user information, a zone id, text behind a bracket, an
// empty port.
std::optional<HostName> host_name(std::string_view host);

bool is_port(std::string_view text);

// Values of all fields of a name, joined by commas; empty when there is none.
struct UrlFields {
  std::string_view host{};
  std::string_view forwarded{};  // RFC 7239
  std::string_view x_forwarded_proto{};
  std::string_view x_forwarded_host{};
  std::string_view x_forwarded_port{};
  std::string_view x_forwarded_prefix{};
};

// The path prefix that the proxy stripped, from X-Forwarded-Prefix, without a slash at its end.
// Empty: none, or the peer is not a trusted proxy, or it is not a path of plain characters.
std::string_view client_prefix(std::string_view x_forwarded_prefix, bool through_proxy);

// The URL under which a client reached this server: "https://mcp.example.com/prefix", without a
// slash at its end. If the host is not known: the prefix alone, at least "/".
// `through_proxy`: the peer is a trusted proxy; otherwise its forwarded fields are ignored. In a
// list only the last element counts, which the nearest proxy wrote. X-Forwarded-… take precedence
// over Forwarded.
std::string client_url(const UrlFields& fields, bool through_proxy);

}  // namespace sidecar::access
