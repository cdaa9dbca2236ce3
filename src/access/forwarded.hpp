// Forwarded: whose request it is when proxies stand in front. Forwarded fields are believed only
// from proxies that are trusted; the walk goes from the nearest proxy outwards and stops at the
// first address that is not trusted: whatever stands further out was sent by that one, and may be
// made up.
#pragma once

#include <string>
#include <string_view>

#include "access/address.hpp"

namespace sidecar::access {

// Each the values of all fields of that name in their order, joined by commas: a proxy may add a
// field of its own behind one that the client made up.
struct ForwardedFields {
  std::string_view x_forwarded_for;
  std::string_view forwarded;  // RFC 7239
  std::string_view x_real_ip;
};

struct ClientAddress {
  std::string text;
  // The peer is trusted, and no field says for whom it asks: a proxy that tells nothing, or a
  // client beside us.
  bool unsaid = false;
  // The fields do not say who is behind a trusted proxy: `unknown`, an obfuscated name, nonsense.
  // `text` is the proxy's.
  bool hidden = false;
  bool loopback = false;       // a client on this machine, as far as one can know
  bool peer_loopback = false;  // the connection comes from this machine
};

// The first of these fields that is there counts, in their order: nearly every proxy sets
// X-Forwarded-For.
ClientAddress client_address(std::string_view peer, const ForwardedFields& fields,
                             const AddressSet& trusted);

// Takes the last element off a `Forwarded` value, from its right end, so that quotes that a client
// left open do not reach what a proxy put behind them. Returns its parameter `name` (in lower
// case), unquoted; empty when it has none, or two, or is no list of parameters.
std::string take_last_parameter(std::string_view& forwarded, std::string_view name);

}  // namespace sidecar::access
