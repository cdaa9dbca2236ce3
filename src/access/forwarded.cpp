#include "access/forwarded.hpp"

#include <algorithm>
#include <optional>

namespace sidecar::access {
namespace {

namespace ip = boost::asio::ip;

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Compares without regard to case. `lower` consists of lower-case letters.
bool is_named(std::string_view name, std::string_view lower) {
  return std::equal(name.begin(), name.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

// True if an odd number of backslashes precedes `at`.
bool escaped(std::string_view text, std::size_t at) {
  std::size_t backslashes = 0;
  while (backslashes < at && text[at - backslashes - 1] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

// Position of the last `separator` outside quotes; npos if there is none.
std::size_t rfind_unquoted(std::string_view text, char separator) {
  bool quoted = false;
  for (std::size_t at = text.size(); at-- > 0;) {
    if (text[at] == '"' && !escaped(text, at)) quoted = !quoted;
    if (text[at] == separator && !quoted) return at;
  }
  return std::string_view::npos;
}

// Removes the part after the last `separator` from `text` and returns it.
std::string_view take_last(std::string_view& text, char separator) {
  const std::size_t at = rfind_unquoted(text, separator);
  const std::string_view last = at == std::string_view::npos ? text : text.substr(at + 1);
  text = at == std::string_view::npos ? std::string_view() : text.substr(0, at);
  return trim(last);
}

// A token unchanged, a quoted string without quotes and escapes; nothing for any other text.
std::optional<std::string> value_of(std::string_view text) {
  if (!text.starts_with('"')) {
    if (text.find_first_of("\"\\ \t") != std::string_view::npos) return std::nullopt;
    return std::string(text);
  }
  std::string value;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1 == text.size() ? std::optional(value) : std::nullopt;
    if (text[at] == '\\' && ++at == text.size()) break;
    value += text[at];
  }
  return std::nullopt;
}

// The address of one hop; nothing for a name and for an address with a zone id.
std::optional<ip::address> hop_address(std::string_view text) {
  if (text.find('%') != std::string_view::npos) return std::nullopt;
  return parse_address(text);
}

}  // namespace

std::string take_last_parameter(std::string_view& forwarded, std::string_view name) {
  std::string_view element = take_last(forwarded, ',');
  std::optional<std::string> found;
  while (!element.empty()) {
    const std::string_view pair = take_last(element, ';');
    const std::size_t equals = pair.find('=');
    if (pair.empty()) continue;
    if (equals == std::string_view::npos) return {};
    if (!is_named(trim(pair.substr(0, equals)), name)) continue;
    if (found) return {};
    found = value_of(trim(pair.substr(equals + 1)));
    if (!found) return {};
  }
  return found.value_or(std::string());
}

ClientAddress client_address(std::string_view peer, const ForwardedFields& fields,
                             const AddressSet& trusted) {
  std::optional<ip::address> known = parse_address(peer);
  if (!known) return {.text = std::string(peer)};
  ClientAddress client;
  client.peer_loopback = known->is_loopback();
  bool named = false;  // `known` comes from the fields
  std::string_view hops = fields.x_forwarded_for;
  const bool standard = hops.empty() && !fields.forwarded.empty();
  if (standard) hops = fields.forwarded;
  if (hops.empty()) hops = fields.x_real_ip;
  if (trusted.contains(*known)) {
    client.unsaid = hops.empty();
    while (!hops.empty() && trusted.contains(*known)) {
      const auto hop =
          hop_address(standard ? take_last_parameter(hops, "for") : take_last(hops, ','));
      if (!hop) {
        client.hidden = true;
        break;
      }
      known = hop;
      named = true;
    }
  }
  client.loopback = !client.hidden && known->is_loopback();
  // The kernel's text of an IPv4 peer needs no formatting, which would be the most expensive step
  // here.
  const bool as_it_is = !named && known->is_v4() && peer.find(':') == std::string_view::npos;
  client.text = as_it_is ? std::string(peer) : known->to_string();
  return client;
}

}  // namespace sidecar::access
