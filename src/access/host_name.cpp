#include "access/host_name.hpp"

#include <algorithm>
#include <charconv>

#include "access/address.hpp"
#include "config/text.hpp"

namespace sidecar::access {
namespace {

constexpr std::size_t kMaxHost = 255;

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
  });
}

// "::1" of "[::1]". A zone id names a network card of one machine.
std::optional<HostName> in_brackets(std::string_view text) {
  const auto address =
      text.find('%') == std::string_view::npos ? parse_address(text) : std::nullopt;
  if (!address) return std::nullopt;
  return HostName{config::lower_case(text.substr(1, text.size() - 2)), true,
                  address->is_loopback()};
}

std::optional<HostName> plain(std::string_view text) {
  HostName name{config::lower_case(text)};
  if (name.text.ends_with('.')) name.text.pop_back();
  if (!is_name(name.text)) return std::nullopt;
  const auto address = parse_address(name.text);
  name.address = address.has_value();
  name.loopback = address ? address->is_loopback() : name.text == "localhost";
  return name;
}

}  // namespace

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

std::optional<HostName> host_name(std::string_view host) {
  if (host.size() > kMaxHost) return std::nullopt;
  const bool bracket = host.starts_with('[');
  const std::size_t end = bracket ? host.find(']') + 1 : std::min(host.find(':'), host.size());
  if (bracket && end == 0) return std::nullopt;
  const std::string_view port = host.substr(end);
  if (!port.empty() && !(port.front() == ':' && is_port(port.substr(1)))) return std::nullopt;
  return bracket ? in_brackets(host.substr(0, end)) : plain(host.substr(0, end));
}

}  // namespace sidecar::access
