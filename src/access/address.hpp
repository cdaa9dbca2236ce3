// IPv4 and IPv6 addresses as configuration and proxies write them, and sets of them. An
// IPv4-mapped IPv6 address (::ffff:10.0.0.1) is treated as the IPv4 address everywhere.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

namespace sidecar::access {

// A set of addresses and networks (CIDR); "*" contains every address.
class AddressSet {
 public:
  // Errors: name the entry that is neither an address nor a network.
  static Result<AddressSet> parse(const std::vector<std::string>& entries);
  bool contains(const boost::asio::ip::address& address) const;
  // Text that is not an address is only in "*".
  bool contains(std::string_view address) const;
  bool everything() const { return everything_; }

 private:
  Result<void> add(const std::string& entry);

  bool everything_ = false;
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

// The sets of addresses that the gate uses.
struct Networks {
  AddressSet trusted_proxies;
  AddressSet allowed;
};

// An address as proxies write it: alone, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80`.
std::optional<boost::asio::ip::address> parse_address(std::string_view text);

bool is_loopback(std::string_view address);

}  // namespace sidecar::access
