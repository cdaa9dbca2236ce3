// Addresses: whose request it is when proxies stand in front. Forwarded fields are believed only from proxies
// that are trusted; the walk goes from the nearest proxy outwards and stops at the first address that is not
// trusted.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

namespace sidecar::access {

// IPv4 and IPv6 addresses and networks (CIDR); "*" is everything. An IPv4-mapped IPv6 address counts as IPv4.
class AddressSet {
 public:
  // Errors: names the entry that is neither an address nor a network.
  static Result<AddressSet> parse(const std::vector<std::string>& entries);
  bool contains(const boost::asio::ip::address& address) const;

 private:
  bool everything_ = false;
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

// The client's address: the peer's, unless the peer is trusted; then the rightmost untrusted one of
// `X-Forwarded-For`, else that of `X-Real-IP`. A field that does not parse ends the walk: what is left of it
// cannot be believed.
std::string effective_address(std::string_view peer, std::string_view forwarded_for, std::string_view real_ip,
                              const AddressSet& trusted);

bool is_loopback(std::string_view address);

}  // namespace sidecar::access
