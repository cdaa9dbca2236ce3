#include "config/masked_urls.hpp"

#include <algorithm>

#include "config/text.hpp"

namespace sidecar::config {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kQuery = "?;#";

bool is_space(char c) { return blank(c) || control(c); }
bool is_slash(char c) { return c == '/' || c == '\\'; }

bool is_scheme_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '-' || c == '.';
}

bool is_web(std::string_view before) {
  const std::string lower = lower_case(before);
  return lower.ends_with("http") || lower.ends_with("https") || lower.ends_with("ws") ||
         lower.ends_with("wss");
}

// The separator of scheme and authority: `://`, a mistyped one (`:/`, `:\/\/`), or `//` at the
// beginning of a word.
struct Separator {
  std::size_t begin = std::string_view::npos;
  std::size_t end = std::string_view::npos;
};

Separator find_separator(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool colon = text[i] == ':';
    if (!colon && (!is_slash(text[i]) || (i > 0 && is_scheme_char(text[i - 1])))) continue;
    std::size_t end = colon ? i + 1 : i;
    while (end < text.size() && is_slash(text[end])) ++end;
    if (end - i > 1) return {i, end};
  }
  return {};
}

// Length of user and password at the begin of `rest`, which follows the separator; 0: there are
// none. In a web URL an `@` may stand in path and query, unless what should be a port (`u:12/34@h`)
// may be a password in which a character was not percent-encoded.
std::size_t user_size(std::string_view rest, bool well_formed_web) {
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const auto host =
      authority.starts_with('[') ? std::min(authority.find(']'), authority.size()) : 0;
  if (well_formed_web && authority.find('@') == authority.npos &&
      authority.find(':', host) == authority.npos)
    return 0;
  const auto at = rest.rfind('@');
  return at == rest.npos ? 0 : at;
}

// Everything behind the first mark of a query or a fragment.
std::string without_query(std::string_view text) {
  const auto mark = text.find_first_of(kQuery);
  if (mark == text.npos || mark + 1 == text.size()) return std::string(text);
  return std::string(text.substr(0, mark + 1)).append(kMask);
}

// A part without separator. `user:password@host` may be a URL without its scheme; `name@1.2` is a
// package. `is_url`: nothing but a URL is meant.
std::string masked_part(std::string_view part, bool is_url) {
  const auto at = part.rfind('@');
  const bool user = at != part.npos && (is_url || part.substr(0, at).find(':') != part.npos);
  if (!user) return is_url ? without_query(part) : std::string(part);
  return std::string(kMask) + without_query(part.substr(at));
}

// A word, blanks and all.
std::string masked_word(std::string_view word, bool is_url) {
  std::string masked;
  while (!word.empty()) {
    const Separator separator = find_separator(word);
    const std::string_view before = word.substr(0, separator.begin);
    masked += masked_part(before, is_url && masked.empty() && separator.begin == word.npos);
    if (separator.begin == word.npos) break;
    const std::string_view between = word.substr(separator.begin, separator.end - separator.begin);
    masked += between;
    word.remove_prefix(separator.end);
    const std::size_t user = user_size(word, between == "://" && is_web(before));
    if (user > 0) masked += kMask;
    word.remove_prefix(user);
    const auto query = word.find_first_of(kQuery);
    const Separator next = find_separator(word.substr(0, query));
    if (next.begin != word.npos) {  // another URL, in a list or in a path
      auto scheme = next.begin;
      while (scheme > 0 && is_scheme_char(word[scheme - 1])) --scheme;
      masked += word.substr(0, scheme);
      word.remove_prefix(scheme);
      continue;
    }
    masked += without_query(word);
    break;
  }
  return masked;
}

// Where the word ends that begins at `begin`. Quotes and backslashes hold it together as a shell's
// do.
std::size_t word_end(std::string_view text, std::size_t begin) {
  char quote = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'')
      ++i;
    else if (quote != 0)
      quote = c == quote ? '\0' : quote;
    else if (c == '"' || c == '\'')
      quote = c;
    else if (is_space(c))
      return i;
  }
  return text.size();
}

// `user:12 34@host`: what looks like the port at the end of `word` may be the begin of a password
// with blanks. Its end in `text`, else that of the word.
std::size_t password_end(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view word = text.substr(begin, end - begin);
  const Separator separator = find_separator(word);
  if (separator.begin == word.npos) return end;
  const std::string_view rest = word.substr(separator.end);
  const auto host = rest.starts_with('[') ? std::min(rest.find(']'), rest.size()) : 0;
  const auto colon = rest.find(':', host);
  if (rest.find('@') != rest.npos || colon == rest.npos) return end;
  const std::string_view port = rest.substr(colon + 1);
  const bool port_like =
      port.substr(0, port.find_first_of("/?#")).find_first_not_of("0123456789") ==
      std::string_view::npos;
  // Behind what could be a port, a flag or another URL begins something else.
  std::size_t until = end;
  std::size_t last = end;
  while (until < text.size()) {
    auto next = until;
    while (next < text.size() && is_space(text[next])) ++next;
    const auto next_end = word_end(text, next);
    const std::string_view following = text.substr(next, next_end - next);
    if (following.find("://") != following.npos || (port_like && following.starts_with('-'))) break;
    if (following.find('@') != following.npos) last = next_end;
    until = next_end;
  }
  return last;
}

}  // namespace

std::string masked_query(std::string_view path) { return without_query(path); }

std::string masked_url(std::string_view text) { return masked_word(text, true); }

std::string masked_word(std::string_view word) { return masked_word(word, false); }

std::string masked_urls(std::string_view text) {
  std::string masked;
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      masked += text[at++];
      continue;
    }
    const auto end = password_end(text, at, word_end(text, at));
    masked += masked_word(text.substr(at, end - at), false);
    at = end;
  }
  return masked;
}

}  // namespace sidecar::config
