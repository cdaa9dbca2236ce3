#include "config/network_values.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <fmt/format.h>

#include "config/masked_urls.hpp"
#include "config/text.hpp"
#include "config/values.hpp"

namespace sidecar::config {
namespace {

constexpr std::size_t kMaxListItems = 1000;

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_address(std::string_view text) {
  if (text.find('\0') != text.npos) return false;  // Boost reads up to a NUL
  boost::system::error_code error;
  boost::asio::ip::make_address(std::string(text), error);
  return !error;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text.front() != '-' && text.front() != '.' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return letter_or_digit(c) || c == '-' || c == '.' || c == '_'; });
}

bool is_network(const std::string& text) {
  boost::system::error_code error;
  if (text.find('\0') != text.npos) return false;
  if (text.find('/') == text.npos) return is_address(text);
  if (text.find(':') == text.npos)
    boost::asio::ip::make_network_v4(text, error);
  else
    boost::asio::ip::make_network_v6(text, error);
  return !error;
}

// host, host:port, [v6], [v6]:port
bool is_authority(std::string_view text) {
  std::string_view port;
  bool host_fits = false;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos) return false;
    const std::string_view address = text.substr(1, close - 1);
    host_fits = address.find(':') != address.npos && is_address(address);
    port = text.substr(close + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    host_fits = is_host_name(text.substr(0, colon));
    port = text.substr(colon);
  }
  return host_fits &&
         (port.empty() || (port.front() == ':' && parse_number(port.substr(1), 1, 65535)));
}

bool is_scheme(std::string_view text) {
  return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return letter_or_digit(c) || c == '+' || c == '-' || c == '.'; });
}

Result<std::vector<std::string>> as_list(std::string_view text) {
  std::vector<std::string> list;
  for (const std::string_view item : list_items(text)) list.emplace_back(item);
  if (list.empty()) return fail("an empty list (write none for that)");
  if (list.size() > kMaxListItems) return fail(fmt::format("more than {} items", kMaxListItems));
  return list;
}

tl::unexpected<Error> no_network(std::string_view text) {
  return fail(fmt::format("\"{}\" is neither an address nor a network such as 10.0.0.0/8",
                          shown(masked_url(text))));
}

// RFC 3986, section 2.1: encodes all but the unreserved characters.
std::string percent_encoded(std::string_view text) {
  std::string url;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved)
      url += c;
    else
      url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return url;
}

}  // namespace

Result<std::string> parse_host(std::string_view text) {
  text = trimmed(text);
  if (text == "*") return fail("write 0.0.0.0 or :: for every address of this machine");
  if (text.starts_with('[') && text.ends_with(']')) {
    const auto inner = text.substr(1, text.size() - 2);
    if (inner.find(':') != inner.npos && is_address(inner)) return std::string(inner);
  }
  if (is_address(text) || is_host_name(text)) return std::string(text);
  return fail("neither an address nor a host name");
}

Result<std::string> parse_public_url(std::string_view text) {
  text = trimmed(text);
  while (text.ends_with('/')) text.remove_suffix(1);
  const auto separator = text.find("://");
  const std::string scheme = lower_case(text.substr(0, std::min(separator, text.size())));
  if (separator == text.npos || (scheme != "http" && scheme != "https")) {
    return fail("not a URL such as https://mcp.example.com");
  }
  const std::string_view rest = text.substr(separator + 3);
  const auto slash = std::min(rest.find('/'), rest.size());
  const std::string_view path = rest.substr(slash);
  if (rest.find_first_of("?#@") != rest.npos)
    return fail("a URL without query, fragment and credentials is wanted");
  if (!is_authority(rest.substr(0, slash))) return fail("the URL names no valid host and port");
  if (std::any_of(path.begin(), path.end(), [](char c) {
        return control(c) || c == ' ' || c == '"' || c == '\\' || c == '<' || c == '>' ||
               static_cast<signed char>(c) < 0;
      })) {
    return fail("the path of the URL holds a character that must be percent-encoded");
  }
  return fmt::format("{}://{}{}", scheme, lower_case(rest.substr(0, slash)), path);
}

Result<std::string> parse_issuer(std::string_view text) {
  text = trimmed(text);
  if (const auto url = parse_public_url(text); !url) return tl::unexpected(url.error());
  return std::string(text);
}

Result<std::string> parse_key_source(std::string_view text) {
  text = trimmed(text);
  const std::string lower = lower_case(text.substr(0, 8));
  if (text.find_first_of("'\"") != text.npos)
    return fail("neither a URL nor a path: it is written without quotes");
  if (!lower.starts_with("http://") && !lower.starts_with("https://")) return std::string(text);
  const std::string_view query = text.substr(std::min(text.find('?'), text.size()));
  const auto url = parse_public_url(text.substr(0, text.size() - query.size()));
  if (!url) return tl::unexpected(url.error());
  if (!std::all_of(query.begin(), query.end(),
                   [](char c) { return c > ' ' && c < '\x7f' && c != '#'; }))
    return fail("the query of the URL holds a character that must be percent-encoded");
  return std::string(text);
}

Result<std::vector<std::string>> parse_audiences(std::string_view text) { return as_list(text); }

Result<std::vector<std::string>> parse_scopes(std::string_view text) {
  auto list = as_list(text);
  if (!list) return list;
  for (const std::string& scope : *list) {
    if (!std::all_of(scope.begin(), scope.end(),
                     [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; }))
      return fail(fmt::format("\"{}\" is no scope: one word without quotes and backslashes",
                              shown(masked_url(scope))));
  }
  return list;
}

Result<std::vector<std::string>> parse_origins(std::string_view text) {
  if (trimmed(text) == "none") return std::vector<std::string>{};
  auto list = as_list(text);
  if (!list) return list;
  for (std::string& origin : *list) {
    if (origin == "*" || origin == "auto") continue;
    const std::string given = shown(masked_url(origin));
    if (origin.ends_with('/')) origin.pop_back();
    origin = lower_case(origin);
    const auto separator = origin.find("://");
    if (separator == origin.npos || !is_scheme(std::string_view(origin).substr(0, separator)) ||
        !is_authority(std::string_view(origin).substr(separator + 3))) {
      return fail(fmt::format(
          "\"{}\" is not an origin such as https://app.example.com (no path, no wildcard in it)",
          given));
    }
  }
  return list;
}

Result<std::vector<std::string>> parse_allowed_hosts(std::string_view text) {
  if (trimmed(text).empty()) return std::vector<std::string>{};
  auto list = as_list(text);
  if (!list) return list;
  for (std::string& host : *list) {
    if (host == "*") continue;
    const std::string given = shown(masked_url(host));
    host = lower_case(host);
    const std::string_view rest = std::string_view(host).substr(host.starts_with("*.") ? 2 : 0);
    if (!is_authority(rest)) {
      return fail(fmt::format(
          "\"{}\" is not a name such as mcp.example.com or *.example.com (no scheme, no path)",
          given));
    }
  }
  return list;
}

Result<std::vector<std::string>> parse_allowed_addresses(std::string_view text) {
  if (trimmed(text).empty()) return fail("an empty list (write * for every address)");
  auto list = as_list(text);
  if (!list) return list;
  for (const std::string& network : *list) {
    if (network != "*" && !is_network(network)) return no_network(network);
  }
  return list;
}

Result<std::vector<std::string>> parse_networks(std::string_view text) {
  if (trimmed(text) == "none") return std::vector<std::string>{};
  auto list = as_list(text);
  if (!list) return list;
  for (const std::string& network : *list) {
    if (!is_network(network)) return no_network(network);
  }
  return list;
}

Result<std::string> parse_audit_address(std::string_view text) {
  constexpr std::string_view kSqlite = "sqlite:";
  const std::string_view address = trimmed(text);
  if (const auto on = parse_switch(address))
    return *on ? std::string(kDefaultAuditAddress) : std::string();
  const bool file = address.starts_with(kSqlite) && address.size() > kSqlite.size();
  if (file || address.starts_with("postgresql://") || address.starts_with("postgres://"))
    return std::string(address);
  return fail("not an audit database (sqlite:PATH, postgresql://USER@HOST/DATABASE, on, off)");
}

std::string service_desk_audit_address(
    const std::function<std::string(const std::string&)>& variable) {
  const std::string host = variable("SDP_DB_HOST");
  const std::string name = variable("SDP_DB_NAME");
  if (host.empty() && name.empty()) return std::string(kDefaultAuditAddress);
  const auto with = [&](std::string_view before, const std::string& name_of) {
    const std::string text = variable(name_of);
    return text.empty() ? std::string() : fmt::format("{}{}", before, percent_encoded(text));
  };
  const std::string user = with("", "SDP_DB_USER");
  const std::string login =
      user.empty() ? user : fmt::format("{}{}@", user, with(":", "SDP_DB_PASSWORD"));
  const bool ipv6 = host.find(':') != std::string::npos;
  const bool tls = parse_switch(variable("SDP_DB_SSL")).value_or(false);
  return fmt::format(
      "postgresql://{}{}{}/{}{}", login, ipv6 ? fmt::format("[{}]", host) : percent_encoded(host),
      with(":", "SDP_DB_PORT"), percent_encoded(name), tls ? "?sslmode=require" : "");
}

}  // namespace sidecar::config
