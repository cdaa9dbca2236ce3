// Client URL: under which URL a client reached us, as far as its request and trusted proxies tell.
// What they tell is put into documents: it is held to the form of a URL, and what does not have it
// is not used.
#pragma once

#include <string>
#include <string_view>

namespace sidecar::access {

// Values of all fields of a name, joined by commas; empty when there is none.
struct UrlFields {
  std::string_view host{};
  std::string_view forwarded{};  // RFC 7239
  std::string_view x_forwarded_proto{};
  std::string_view x_forwarded_host{};
  std::string_view x_forwarded_port{};
  std::string_view x_forwarded_prefix{};
};

// "https://mcp.example.com/prefix", without a slash at its end; or, where the host is not known,
// the prefix alone, at least "/". `through_proxy`: the peer is a trusted proxy; else its forwarded
// fields mean nothing. Of a list the last element counts, which the nearest proxy wrote;
// X-Forwarded-… before Forwarded.
std::string client_url(const UrlFields& fields, bool through_proxy);

}  // namespace sidecar::access
