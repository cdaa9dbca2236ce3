#include "access/client_url.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "access/forwarded.hpp"
#include "access/host_name.hpp"
#include "config/text.hpp"

namespace sidecar::access {
namespace {

constexpr std::size_t kMaxPrefix = 1024;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view last_of(std::string_view list) {
  list.remove_prefix(std::min(list.rfind(',') + 1, list.size()));
  while (list.starts_with(' ') || list.starts_with('\t')) list.remove_prefix(1);
  while (list.ends_with(' ') || list.ends_with('\t')) list.remove_suffix(1);
  return list;
}

// Where the port begins, with its colon; npos: there is none.
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

std::string client_url(const UrlFields& fields, bool through_proxy) {
  if (!through_proxy) return host_name(fields.host) ? fmt::format("http://{}", fields.host) : "/";
  std::string_view rest = fields.forwarded;
  const std::string forwarded_host = take_last_parameter(rest, "host");
  rest = fields.forwarded;
  std::string proto = config::lower_case(take_last_parameter(rest, "proto"));
  if (!fields.x_forwarded_proto.empty())
    proto = config::lower_case(last_of(fields.x_forwarded_proto));
  const bool secure = proto == "https" || proto == "wss";

  std::string_view prefix = last_of(fields.x_forwarded_prefix);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!is_prefix(prefix)) prefix = {};

  std::string host = first_host({last_of(fields.x_forwarded_host), forwarded_host, fields.host});
  if (host.empty()) return prefix.empty() ? "/" : std::string(prefix);
  const std::string_view port = last_of(fields.x_forwarded_port);
  const bool usual = port == (secure ? "443" : "80");
  if (is_port(port) && !usual && port_place(host) == std::string_view::npos)
    host.append(":").append(port);
  return fmt::format("{}://{}{}", secure ? "https" : "http", host, prefix);
}

}  // namespace sidecar::access
