#include "access/urls.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <initializer_list>

#include "access/address.hpp"
#include "access/forwarded.hpp"
#include "config/text.hpp"

namespace sidecar::access {
namespace {

constexpr std::size_t kMaxHost = 255;
constexpr std::size_t kMaxPrefix = 1024;

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
  });
}

// "[::1]" → "::1". Zone ids are refused: they name a network interface of one machine.
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

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view last_of(std::string_view list) {
  list.remove_prefix(std::min(list.rfind(',') + 1, list.size()));
  while (list.starts_with(' ') || list.starts_with('\t')) list.remove_prefix(1);
  while (list.ends_with(' ') || list.ends_with('\t')) list.remove_suffix(1);
  return list;
}

// Position of the colon before the port; npos if there is no port.
std::size_t port_place(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  return colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon)
             ? colon
             : std::string_view::npos;
}

// A path of plain characters, without empty or dot segments.
bool is_prefix(std::string_view text) {
  if (!text.starts_with('/') || text.size() > kMaxPrefix) return false;
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::string_view segment = text.substr(0, text.find('/'));
    text.remove_prefix(segment.size());
    const bool plain = std::all_of(segment.begin(), segment.end(), [](char c) {
      return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
    });
    if (!plain || segment.empty() || segment == "." || segment == "..") return false;
  }
  return true;
}

std::string first_host(std::initializer_list<std::string_view> told) {
  for (const std::string_view host : told) {
    if (host_name(host)) return std::string(host);
  }
  return {};
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

std::string_view client_prefix(std::string_view x_forwarded_prefix, bool through_proxy) {
  if (!through_proxy) return {};
  std::string_view prefix = last_of(x_forwarded_prefix);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return is_prefix(prefix) ? prefix : std::string_view();
}

std::string client_url(const UrlFields& fields, bool through_proxy) {
  if (!through_proxy) return host_name(fields.host) ? fmt::format("http://{}", fields.host) : "/";
  std::string_view rest = fields.forwarded;
  const std::string forwarded_host = take_last_parameter(rest, "host");
  rest = fields.forwarded;
  std::string proto = config::lower_case(take_last_parameter(rest, "proto"));
  if (!fields.x_forwarded_proto.empty())
    proto = config::lower_case(last_of(fields.x_forwarded_proto));
  const bool secure = proto == "https" || proto == "wss";

  const std::string_view prefix = client_prefix(fields.x_forwarded_prefix, through_proxy);
  std::string host = first_host({last_of(fields.x_forwarded_host), forwarded_host, fields.host});
  if (host.empty()) return prefix.empty() ? "/" : std::string(prefix);
  const std::string_view port = last_of(fields.x_forwarded_port);
  const bool usual = port == (secure ? "443" : "80");
  if (is_port(port) && !usual && port_place(host) == std::string_view::npos)
    host.append(":").append(port);
  return fmt::format("{}://{}{}", secure ? "https" : "http", host, prefix);
}

}  // namespace sidecar::access
