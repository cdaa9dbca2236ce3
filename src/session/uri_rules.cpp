#include "session/uri_rules.hpp"

#include <algorithm>
#include <optional>

#include "config/text.hpp"
#include "session/normalized_url.hpp"

namespace sidecar::session {
namespace {

constexpr std::string_view kWildcards = "*?[";

// White space and invisible characters that some parsers drop at the ends of a text.
constexpr std::string_view kTrimmed[] = {
    " ",      "\u00A0", "\u1680", "\u180E", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
    "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u200B", "\u200C", "\u200D",
    "\u200E", "\u200F", "\u202F", "\u205F", "\u2060", "\u3000", "\uFEFF"};

// C0, DEL, C1, and the line and paragraph separators.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (config::control(rest[0]) || rest.starts_with("\u2028") || rest.starts_with("\u2029"))
      return true;
    if (rest.size() > 1 && rest[0] == '\xC2' && static_cast<unsigned char>(rest[1]) < 0xA0)
      return true;
  }
  return false;
}

bool is_trimmed_by_parsers(std::string_view text) {
  return std::any_of(std::begin(kTrimmed), std::end(kTrimmed), [text](std::string_view space) {
    return text.starts_with(space) || text.ends_with(space);
  });
}

// Decodes all escapes, also those that decoding produces, and turns backslashes into slashes. An
// escaped wildcard in a pattern matches itself.
std::string decoded(std::string_view text, bool pattern = false) {
  std::string plain;
  for (const char c : text) {
    plain += c == '\\' ? '/' : c;
    while (plain.size() >= 3) {
      const std::size_t at = plain.size() - 3;
      const auto byte = escaped_byte(std::string_view(plain).substr(at));
      if (!byte) break;
      plain.resize(at);
      if (pattern && kWildcards.find(*byte) != std::string_view::npos)
        plain.append("[").append(1, *byte).append("]");
      else
        plain += *byte == '\\' ? '/' : *byte;
    }
  }
  return plain;
}

// Whether the URI has a ".." segment: no pattern can limit where such a path leads.
bool climbs(std::string_view uri) {
  const std::string plain = decoded(uri);
  for (std::size_t begin = 0; begin <= plain.size();) {
    const std::size_t end = std::min(plain.find_first_of("/:;?#", begin), plain.size());
    if (std::string_view(plain).substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

// The position of the authority; of the path if there is no authority.
std::size_t authority_begin(std::string_view text) {
  const std::size_t scheme = scheme_length(text);
  return scheme > 0 && text.substr(scheme).starts_with("//") ? scheme + 2 : scheme;
}

// Decoded, and without empty and "." segments.
std::string flattened(std::string_view text, bool pattern = false) {
  const std::string plain = decoded(text, pattern);
  const std::size_t begin = authority_begin(plain);
  std::string flat = plain.substr(0, begin);
  for (const char c : std::string_view(plain).substr(begin)) {
    const std::string_view path = std::string_view(flat).substr(begin);
    if (c == '/' && path.ends_with("/.")) flat.pop_back();
    if (c != '/' || !std::string_view(flat).substr(begin).ends_with('/')) flat += c;
  }
  if (std::string_view(flat).substr(begin).ends_with("/.")) flat.pop_back();
  return flat;
}

std::string_view without_query(std::string_view uri) {
  return uri.substr(0, uri.find_first_of("?#"));
}

// Many servers use the path of a file URI and ignore its host; some of them take the drive of
// file://C:/ for the host.
std::string without_file_host(std::string_view url) {
  constexpr std::string_view kFile = "file://";
  if (!url.starts_with(kFile)) return std::string(url);
  std::string_view path = url.substr(std::min(url.find('/', kFile.size()), url.size()));
  const std::string_view first = path.substr(0, path.find('/', 1));
  if (first.size() == 3 && first[2] == ':') path.remove_prefix(first.size());
  return std::string(kFile).append(path);
}

// Hosts are case-insensitive (RFC 3986, section 3.2.2). Parsers keep their case if they do not know
// the scheme, and servers may still compare them without case.
std::string with_lower_host(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || text.find('/') != colon + 1) return std::string(text);
  const std::size_t end = std::min(text.find_first_of("/?#", colon + 3), text.size());
  return config::lower_case(text.substr(0, end)).append(text.substr(end));
}

// Normalises the part before the first wildcard; if there is a wildcard, only up to the last slash
// before it.
std::string normalized_pattern(std::string_view pattern) {
  std::size_t fixed = std::min(pattern.find_first_of(kWildcards), pattern.size());
  const std::size_t authority = authority_begin(pattern);
  if (fixed < pattern.size()) {
    const std::size_t slash = pattern.substr(0, fixed).rfind('/');
    const bool in_path = slash != std::string_view::npos && slash >= authority;
    if (!in_path) {  // the authority has wildcards, or there is none
      const std::size_t lower = std::min(scheme_length(pattern), fixed);
      return config::lower_case(pattern.substr(0, lower)) + std::string(pattern.substr(lower));
    }
    fixed = slash + 1;
  }
  const auto url = normalized_url(pattern.substr(0, fixed));
  return url ? *url + std::string(pattern.substr(fixed)) : std::string(pattern);
}

void add_normalized_allow(std::vector<std::string>& allow) {
  for (const std::string& each : std::vector(allow)) {
    const std::string pattern = normalized_pattern(each);
    allow.push_back(flattened(pattern, true));
    // "?" is a wildcard, and it also begins a query; files have no query.
    std::string_view path = without_query(pattern);
    if (path.size() == pattern.size() || pattern.starts_with("file:")) continue;
    if (path.ends_with('[')) path.remove_suffix(1);
    allow.push_back(flattened(path, true));
  }
}

void add_normalized_deny(std::vector<std::string>& deny) {
  for (const std::string& each : std::vector(deny)) {
    std::string pattern = flattened(normalized_pattern(each), true);
    deny.push_back(pattern);
    // A folder is the same with and without a trailing slash.
    if (pattern.ends_with('/'))
      pattern.pop_back();
    else
      pattern += '/';
    deny.push_back(std::move(pattern));
  }
}

}  // namespace

UriRules::UriRules(const auth::NameRules& rules) : rules_(rules), normalized_(rules) {
  add_normalized_allow(normalized_.allow);
  add_normalized_deny(normalized_.deny);
  for (const std::string& each : normalized_.deny) denied_.deny.push_back(with_lower_host(each));
}

bool UriRules::allows_as_written(std::string_view uri) const {
  return rules_.allows(uri) && !has_control(uri) && !is_trimmed_by_parsers(uri) && !climbs(uri);
}

bool UriRules::allows(std::string_view uri) const {
  if (rules_.empty()) return true;
  if (!allows_as_written(uri)) return false;
  const auto url = normalized_url(uri);
  if (!url) return false;
  const std::string without = flattened(without_query(*url));
  return normalized_.allows(flattened(*url)) && normalized_.allows(without) &&
         denied_.allows(with_lower_host(without_file_host(without)));
}

bool UriRules::allows_template(std::string_view uri_template) const {
  if (rules_.empty()) return true;
  if (!allows_as_written(uri_template)) return false;
  return normalized_.allows(
      flattened(normalized_url(uri_template).value_or(std::string(uri_template))));
}

ResourceRules::ResourceRules(const auth::Principal& caller) {
  for (const auto& each : caller.permissions) {
    if (!each->resources.empty()) rules_.emplace_back(each->resources);
  }
}

bool ResourceRules::allow(std::string_view uri) const {
  return std::all_of(rules_.begin(), rules_.end(),
                     [uri](const UriRules& each) { return each.allows(uri); });
}

bool ResourceRules::allow_template(std::string_view uri) const {
  if (uri.find('{') == std::string_view::npos) return allow(uri);
  return std::all_of(rules_.begin(), rules_.end(),
                     [uri](const UriRules& each) { return each.allows_template(uri); });
}

}  // namespace sidecar::session
