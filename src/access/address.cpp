#include "access/address.hpp"

#include <algorithm>

namespace sidecar::access {
namespace {

namespace ip = boost::asio::ip;

constexpr unsigned short kMappedBits = 96;  // length of the prefix ::ffff:0:0/96

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

// "" or ":80". Some proxies write an obfuscated port (RFC 7239, section 6); it is ignored too.
bool is_port_part(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != ':' || text.size() == 1) return false;
  return std::all_of(text.begin() + 1, text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

std::optional<ip::address> parse_address(std::string_view text) {
  text = trim(text);
  std::string_view port;
  const bool bracketed = text.starts_with('[');
  if (bracketed) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    port = text.substr(close + 1);
    text = text.substr(1, close - 1);
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && colon == text.rfind(':')) {
    port = text.substr(colon);
    text = text.substr(0, colon);
  }
  // Boost reads up to a NUL.
  if (!is_port_part(port) || text.find('\0') != std::string_view::npos) return std::nullopt;
  boost::system::error_code error;
  if (!bracketed && text.find(':') == std::string_view::npos) {
    const ip::address_v4 v4 = ip::make_address_v4(std::string(text), error);
    return error ? std::nullopt : std::optional<ip::address>(v4);
  }
  const ip::address_v6 v6 = ip::make_address_v6(std::string(text), error);
  return error ? std::nullopt : std::optional(unmapped(v6));
}

Result<void> AddressSet::add(const std::string& entry) {
  boost::system::error_code error;
  const bool network = entry.find('/') != std::string::npos;
  if (entry.find(':') == std::string::npos) {
    v4_.push_back(ip::make_network_v4(network ? entry : entry + "/32", error).canonical());
  } else {
    const ip::network_v6 v6 =
        ip::make_network_v6(network ? entry : entry + "/128", error).canonical();
    if (!error && v6.address().is_v4_mapped() && v6.prefix_length() >= kMappedBits) {
      v4_.emplace_back(ip::make_address_v4(ip::v4_mapped, v6.address()),
                       static_cast<unsigned short>(v6.prefix_length() - kMappedBits));
    } else {
      v6_.push_back(v6);
    }
  }
  // Zone ids are refused: a network interface of this machine does not identify a client.
  if (error || entry.find_first_of(std::string_view("%\0", 2)) != std::string::npos)
    return fail("\"" + entry + "\" is neither an address nor a network such as 10.0.0.0/8");
  return {};
}

Result<AddressSet> AddressSet::parse(const std::vector<std::string>& entries) {
  AddressSet set;
  for (const std::string& entry : entries) {
    if (entry == "*") {
      set.everything_ = true;
    } else if (const auto added = set.add(entry); !added) {
      return tl::unexpected(added.error());
    }
  }
  return set;
}

bool AddressSet::contains(const ip::address& address) const {
  if (everything_) return true;
  const ip::address plain = unmapped(address);
  if (plain.is_v4()) {
    return std::any_of(v4_.begin(), v4_.end(), [v4 = plain.to_v4()](const ip::network_v4& range) {
      return ip::network_v4(v4, range.prefix_length()).canonical() == range;
    });
  }
  ip::address_v6 v6 = plain.to_v6();
  v6.scope_id(0);
  return std::any_of(v6_.begin(), v6_.end(), [&v6](const ip::network_v6& range) {
    return ip::network_v6(v6, range.prefix_length()).canonical() == range;
  });
}

bool AddressSet::contains(std::string_view address) const {
  const auto parsed = parse_address(address);
  return everything_ || (parsed && contains(*parsed));
}

bool is_loopback(std::string_view address) {
  const auto parsed = parse_address(address);
  return parsed && parsed->is_loopback();
}

}  // namespace sidecar::access
