// Forwarded: finds the client's address when a request came through proxies. Forwarded fields are
// read only if the peer is a trusted proxy. The search goes from the nearest proxy outwards and
// ends at the first address that is not trusted, because that host could forge everything further
// out.
#pragma once

#include <string>
#include <string_view>

#include "access/address.hpp"

namespace sidecar::access {

// Each member: the values of all fields of that name, in order, joined by commas. A proxy may add
// its own field after one that the client forged.
struct ForwardedFields {
  std::string_view x_forwarded_for;
  std::string_view forwarded;  // RFC 7239
  std::string_view x_real_ip;
};

struct ClientAddress {
  std::string text;
  // The peer is trusted and sent no forwarded field: a proxy that does not report the client, or a
  // client on this machine.
  bool unsaid = false;
  // The fields do not name the client of a trusted proxy: `unknown`, an obfuscated name, or not an
  // address. `text` is the proxy's address.
  bool hidden = false;
  bool loopback = false;       // the client's address is loopback and not `hidden`
  bool peer_loopback = false;  // the connection comes from this machine
};

// Uses the first field that is present: X-Forwarded-For (nearly every proxy sets it), Forwarded,
// X-Real-IP.
ClientAddress client_address(std::string_view peer, const ForwardedFields& fields,
                             const AddressSet& trusted);

// Removes the last element from a `Forwarded` value. Reads from the right, so that a quote that a
// client left open does not swallow what a proxy appended. Returns its parameter `name` (given in
// lower case), unquoted; empty if there is none, if there are two, or if the element is malformed.
std::string take_last_parameter(std::string_view& forwarded, std::string_view name);

}  // namespace sidecar::access
