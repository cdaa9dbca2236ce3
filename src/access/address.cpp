#include "access/address.hpp"

#include <optional>

namespace sidecar::access {
namespace {

namespace ip = boost::asio::ip;

ip::address unmapped(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// An address as proxies write it: also with a port, and IPv6 in brackets.
std::optional<ip::address> parse_address(std::string_view text) {
  text = trim(text);
  if (!text.empty() && text.front() == '[') {
    text = text.substr(1, text.find(']') - 1);
  } else if (text.find(':') == text.rfind(':')) {
    text = text.substr(0, text.find(':'));
  }
  boost::system::error_code error;
  const ip::address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return unmapped(address);
}

}  // namespace

Result<AddressSet> AddressSet::parse(const std::vector<std::string>& entries) {
  AddressSet set;
  for (const std::string& entry : entries) {
    if (entry == "*") {
      set.everything_ = true;
      continue;
    }
    boost::system::error_code error;
    const bool network = entry.find('/') != std::string::npos;
    if (entry.find(':') == std::string::npos) {
      set.v4_.push_back(ip::make_network_v4(network ? entry : entry + "/32", error));
    } else {
      set.v6_.push_back(ip::make_network_v6(network ? entry : entry + "/128", error));
    }
    if (error) return fail("\"" + entry + "\" is neither an address nor a network such as 10.0.0.0/8");
  }
  return set;
}

bool AddressSet::contains(const ip::address& address) const {
  if (everything_) return true;
  const ip::address plain = unmapped(address);
  if (plain.is_v4()) {
    for (const auto& network : v4_) {
      const auto range = network.canonical();
      if (ip::network_v4(plain.to_v4(), range.prefix_length()).canonical() == range) return true;
    }
    return false;
  }
  ip::address_v6 v6 = plain.to_v6();
  v6.scope_id(0);
  for (const auto& network : v6_) {
    const auto range = network.canonical();
    if (ip::network_v6(v6, range.prefix_length()).canonical() == range) return true;
  }
  return false;
}

std::string effective_address(std::string_view peer, std::string_view forwarded_for, std::string_view real_ip,
                              const AddressSet& trusted) {
  std::optional<ip::address> known = parse_address(peer);
  if (!known) return std::string(peer);
  if (!trusted.contains(*known)) return known->to_string();
  if (forwarded_for.empty()) {
    const auto real = parse_address(real_ip);
    return (real ? *real : *known).to_string();
  }
  while (trusted.contains(*known) && !forwarded_for.empty()) {
    const std::size_t comma = forwarded_for.rfind(',');
    const auto hop =
        parse_address(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
    if (!hop) break;
    known = hop;
    forwarded_for = comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
  }
  return known->to_string();
}

bool is_loopback(std::string_view address) {
  const auto parsed = parse_address(address);
  return parsed && parsed->is_loopback();
}

}  // namespace sidecar::access
