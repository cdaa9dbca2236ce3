#include "config/masked_urls.hpp"

#include <algorithm>

#include "config/text.hpp"

namespace sidecar::config {
namespace {

constexpr std::string_view kSeparator = "://";
constexpr std::string_view kMask = "***";

bool ends_url(char c) { return blank(c) || control(c); }

bool is_web(std::string_view before) {
  const std::string lower = lower_case(before);
  return lower.ends_with("http") || lower.ends_with("https") || lower.ends_with("ws") ||
         lower.ends_with("wss");
}

// What should be a port holds other characters than digits: it may be a password in which `/`, `?`,
// `#` or a blank was not percent-encoded.
bool has_odd_port(std::string_view authority) {
  const auto colon = authority.find(
      ':', authority.starts_with('[') ? std::min(authority.find(']'), authority.size()) : 0);
  return colon != authority.npos &&
         authority.find_first_not_of("0123456789", colon + 1) != authority.npos;
}

// Length of user and password in `rest`, which follows `://`; 0: there are none.
std::size_t user_size(std::string_view rest, std::size_t url_size, bool web) {
  const std::string_view url = rest.substr(0, url_size);
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  const bool odd = has_odd_port(authority);
  // `@` may stand in the path or query of a web URL; in that of a database's it is taken for the
  // user's end.
  if (web && !odd && authority.find('@') == authority.npos) return 0;
  auto at = url.rfind('@');
  if (at == url.npos && odd) at = rest.substr(0, rest.find(kSeparator)).rfind('@');
  return at == rest.npos ? 0 : at;
}

}  // namespace

std::string masked_query(std::string_view path) {
  const auto begin = std::min(path.find_first_of("?#"), path.size());
  std::string masked(path.substr(0, begin));
  for (std::size_t at = begin; at < path.size();) {
    const char mark = path[at++];  // ? & ; or #
    const std::string_view part = path.substr(at, path.find_first_of("&;#", at) - at);
    const auto equals = part.find('=');
    masked += mark;
    if (equals != part.npos)
      masked.append(part.substr(0, equals + 1)).append(equals + 1 < part.size() ? kMask : "");
    else if (mark == '#')
      masked += part;
    else if (!part.empty())
      masked += kMask;
    at += part.size();
  }
  return masked;
}

std::string masked_urls(std::string_view text) {
  std::string masked;
  for (auto separator = text.find(kSeparator); separator != text.npos;
       separator = text.find(kSeparator)) {
    const std::string_view before = text.substr(0, separator);
    masked.append(before).append(kSeparator);
    text.remove_prefix(separator + kSeparator.size());
    const auto url_size =
        static_cast<std::size_t>(std::find_if(text.begin(), text.end(), ends_url) - text.begin());
    const std::size_t user = user_size(text, url_size, is_web(before));
    if (user > 0) masked += kMask;
    const std::size_t size = std::max(url_size, user);
    masked += masked_query(text.substr(user, size - user));
    text.remove_prefix(size);
  }
  return masked.append(text);
}

}  // namespace sidecar::config
