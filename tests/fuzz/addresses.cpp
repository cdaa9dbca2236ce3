// Address lists: any text is either a list of networks that the gate accepts or a one-line error. A
// list and its addresses agree with each other in every spelling.
#include <cstdint>
#include <string>
#include <string_view>

#include "access/address.hpp"
#include "access/rate_limits.hpp"
#include "config/network_values.hpp"
#include "fuzz/require.hpp"

using namespace sidecar;
using fuzz::require;

namespace {

void check_entry(const access::AddressSet& set, const std::string& entry) {
  const std::string address = entry.substr(0, entry.find('/'));
  if (entry == "*") return require(set.everything(), "* is everything");
  const auto parsed = access::parse_address(address);
  const bool mapped = parsed && parsed->is_v4() && address.find(':') != std::string::npos;
  // The prefix is shorter than that of mapped addresses, so it is an IPv6 network.
  if (mapped && entry.size() > address.size() && std::stoi(entry.substr(address.size() + 1)) < 96)
    return;
  require(parsed.has_value(), "what is in a list is an address");
  require(set.contains(std::string_view(address)),
          "a network has the address that it is written with");
  const std::string text = parsed->to_string();
  require(set.contains(std::string_view(text)), "another way to write an address changes nothing");
  if (parsed->is_v4()) {
    require(set.contains(std::string_view("::ffff:" + text)), "a mapped address is the plain one");
    require(set.contains(std::string_view(text + ":80")), "a port changes nothing");
  } else {
    require(set.contains(std::string_view("[" + text + "]:80")),
            "brackets and port change nothing");
    require(access::parse_address(text) == parsed, "an address that is written is read again");
  }
  require(access::address_bucket(text).size() <= 50, "the name of a budget is short");
  require(access::is_loopback(text) == parsed->is_loopback(), "loopback is what the library says");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(access::parse_address(text));
  static_cast<void>(access::address_bucket(text));
  const auto entries = config::parse_allowed_addresses(text);
  if (!entries) {
    require(!entries.error().message.empty(), "an error says something");
    require(entries.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  const auto set = access::AddressSet::parse(*entries);
  if (!set) {
    require(set.error().message.find('%') != std::string::npos,
            "only a network card is refused later");
    return 0;
  }
  for (const std::string& entry : *entries) check_entry(*set, entry);
  return 0;
}
