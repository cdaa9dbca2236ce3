#include "session/normalized_url.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <vector>

#include "config/text.hpp"

namespace sidecar::session {
namespace {

using config::lower_case;

// The special schemes of the WHATWG URL Standard, with their default ports.
struct Special {
  std::string_view scheme;
  std::string_view port;
};

constexpr Special kSpecial[] = {{"http", "80"}, {"https", "443"}, {"ws", "80"},
                                {"wss", "443"}, {"ftp", "21"},    {"file", ""}};
constexpr std::string_view kNotInHosts = " #/:<>?@[\\]^|%";

bool is_slash(char c, bool special) { return c == '/' || (special && c == '\\'); }
bool is_alpha(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t find_slash(std::string_view text, bool special) {
  return std::min(text.find_first_of(special ? "/\\" : "/"), text.size());
}

// "C:" or "C|"
bool is_drive(std::string_view text) {
  return text.size() == 2 && is_alpha(text[0]) && (text[1] == ':' || text[1] == '|');
}

std::string with_plain_dots(std::string_view segment) {
  std::string plain;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const bool dot = escaped_byte(segment.substr(i)) == '.';
    plain += dot ? '.' : segment[i];
    if (dot) i += 2;
  }
  return plain;
}

// Host parsers read a host with such a last label as an IPv4 address.
bool ends_in_number(std::string_view host) {
  const std::string_view label = host.substr(host.rfind('.') + 1);
  if (label.empty()) return false;
  if (std::all_of(label.begin(), label.end(), is_digit)) return true;
  return label.starts_with("0x") && std::all_of(label.begin() + 2, label.end(), [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c)) != 0;
         });
}

std::optional<std::string> ipv4_host(const std::string& host) {
  in_addr address{};
  if (::inet_aton(host.c_str(), &address) == 0) return std::nullopt;
  std::array<char, INET_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET, &address, text.data(), text.size());
}

// `host` with its brackets.
std::optional<std::string> ipv6_host(std::string_view host) {
  if (host.size() < 2 || host.back() != ']') return std::nullopt;
  const std::string inside(host.substr(1, host.size() - 2));
  in6_addr address{};
  if (::inet_pton(AF_INET6, inside.c_str(), &address) != 1) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  std::string text = ::inet_ntop(AF_INET6, &address, buffer.data(), buffer.size());
  if (text.find('.') != std::string::npos) {  // the standard has no IPv4 notation here
    const auto* last = &address.s6_addr[12];
    text.resize(text.rfind(':') + 1);
    text += fmt::format("{:x}:{:x}", last[0] << 8 | last[1], last[2] << 8 | last[3]);
  }
  return "[" + text + "]";
}

// The host of a special scheme.
std::optional<std::string> host_of(std::string_view written) {
  if (written.starts_with('[')) return ipv6_host(written);
  std::string host;
  for (std::size_t i = 0; i < written.size(); ++i) {
    const auto byte = escaped_byte(written.substr(i));
    host += byte.value_or(written[i]);
    if (byte) i += 2;
  }
  const bool bad = std::any_of(host.begin(), host.end(), [](char c) {
    return config::control(c) || static_cast<unsigned char>(c) >= 0x80 ||
           kNotInHosts.find(c) != std::string_view::npos;
  });
  if (bad || host.ends_with("..")) return std::nullopt;
  host = lower_case(host);
  if (host.size() > 1 && host.ends_with('.')) host.pop_back();
  return ends_in_number(host) ? ipv4_host(host) : host;
}

// ":8080"; empty without a port or for the port `usual`. `written`: the text after the host.
std::optional<std::string> port_of(std::string_view written, std::string_view usual) {
  if (written.size() < 2) return "";
  unsigned short port = 0;
  const auto [end, error] =
      std::from_chars(written.data() + 1, written.data() + written.size(), port);
  if (error != std::errc() || end != written.data() + written.size()) return std::nullopt;
  std::string text = std::to_string(port);
  return text == usual ? "" : ":" + text;
}

std::optional<std::string> authority_of(std::string_view written, const Special* special) {
  const std::size_t at = written.rfind('@');
  if (at != std::string_view::npos) written.remove_prefix(at + 1);
  const std::size_t bracket = written.starts_with('[') ? written.find(']') : 0;
  const std::size_t colon =
      std::min(written.find(':', std::min(bracket, written.size())), written.size());
  const std::string_view name = written.substr(0, colon);
  const auto port = port_of(written.substr(colon), special != nullptr ? special->port : "");
  if (special == nullptr) {
    const auto host = name.starts_with('[') ? ipv6_host(name) : std::string(name);
    return host && port ? *host + *port : std::string(written);
  }
  const auto host = host_of(name);
  if (!host || host->empty() || !port) return std::nullopt;
  return *host + *port;
}

std::vector<std::string> segments_of(std::string_view path, bool special, bool file) {
  std::vector<std::string> segments;
  if (!path.empty() && is_slash(path.front(), special)) path.remove_prefix(1);
  for (bool last = false; !last;) {
    const std::size_t end = find_slash(path, special);
    last = end == path.size();
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(last ? end : end + 1);
    const std::string dots = with_plain_dots(segment);
    if (dots == "..") {
      const bool drive = file && segments.size() == 1 && is_drive(segments[0]);
      if (!segments.empty() && !drive) segments.pop_back();
      if (last) segments.emplace_back();
    } else if (dots == ".") {
      if (last) segments.emplace_back();
    } else {
      segments.emplace_back(segment);
      if (file && segments.size() == 1 && is_drive(segment)) segments[0][1] = ':';
    }
  }
  return segments;
}

std::string joined(const std::vector<std::string>& segments) {
  std::string path;
  for (const std::string& segment : segments) path.append("/").append(segment);
  return path;
}

std::string file_url(std::string_view path, const std::string& host) {
  return "file://" + host + joined(segments_of(path, true, true));
}

// `rest`: the text after "file:", without query and fragment.
std::optional<std::string> normalized_file(std::string_view rest) {
  if (rest.size() < 2 || !is_slash(rest[0], true) || !is_slash(rest[1], true))
    return file_url(rest, "");
  rest.remove_prefix(2);
  const std::size_t end = find_slash(rest, true);
  const std::string_view name = rest.substr(0, end);
  if (is_drive(name)) return file_url(rest, "");
  const auto host = host_of(name);
  if (!host) return std::nullopt;
  return file_url(rest.substr(end), *host == "localhost" ? "" : *host);
}

std::optional<std::string> normalized_special(const Special& special, std::string_view rest) {
  if (special.scheme == "file") return normalized_file(rest);
  while (!rest.empty() && is_slash(rest.front(), true)) rest.remove_prefix(1);
  const std::size_t end = find_slash(rest, true);
  const auto authority = authority_of(rest.substr(0, end), &special);
  if (!authority) return std::nullopt;
  return std::string(special.scheme) + "://" + *authority +
         joined(segments_of(rest.substr(end), true, false));
}

std::string normalized_other(std::string_view rest) {
  if (!rest.starts_with('/')) return std::string(rest);
  if (!rest.starts_with("//")) {
    std::string path = joined(segments_of(rest, false, false));
    return path.starts_with("//") ? "/." + path : path;  // else it would read as a host
  }
  rest.remove_prefix(2);
  const std::size_t end = find_slash(rest, false);
  const std::string authority = *authority_of(rest.substr(0, end), nullptr);
  const std::string_view path = rest.substr(end);
  return "//" + authority + (path.empty() ? "" : joined(segments_of(path, false, false)));
}

}  // namespace

std::optional<char> escaped_byte(std::string_view text) {
  unsigned char byte = 0;
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + 3, byte, 16);
  if (error != std::errc() || end != text.data() + 3) return std::nullopt;
  return static_cast<char>(byte);
}

std::size_t scheme_length(std::string_view uri) {
  if (uri.empty() || !is_alpha(uri.front())) return 0;
  const auto end = std::find_if_not(uri.begin(), uri.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  return end != uri.end() && *end == ':' ? static_cast<std::size_t>(end - uri.begin()) + 1 : 0;
}

std::optional<std::string> normalized_url(std::string_view uri) {
  const std::size_t colon = scheme_length(uri);
  if (colon == 0) return std::string(uri);
  const std::string scheme = lower_case(uri.substr(0, colon - 1));
  const std::size_t tail = std::min(uri.find_first_of("?#", colon), uri.size());
  const std::string_view rest = uri.substr(colon, tail - colon);
  const auto* special =
      std::find_if(std::begin(kSpecial), std::end(kSpecial),
                   [&scheme](const Special& each) { return each.scheme == scheme; });
  auto url = special == std::end(kSpecial) ? scheme + ":" + normalized_other(rest)
                                           : normalized_special(*special, rest);
  if (url) *url += uri.substr(tail);
  return url;
}

}  // namespace sidecar::session
