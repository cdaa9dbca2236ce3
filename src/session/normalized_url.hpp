// Normalises a URI as parsers of the WHATWG URL Standard do: `new URL()` of Node, the URL types of
// the official MCP SDKs. Spellings that such a parser reads as the same resource have the same
// normalised form. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sidecar::session {

// The special schemes are http, https, ws, wss, ftp and file. The normalised form:
//   - scheme and host are in lower case, "." and ".." segments are resolved;
//   - backslashes of special schemes are slashes;
//   - a default port, a user name with its password, the dot of the root label and the host of
//     file://localhost/ are removed;
//   - characters that a parser would escape, and escapes outside the host, are kept.
// Text without a scheme is returned unchanged. nullopt: the host or the port of a special scheme
// cannot be normalised; this includes hosts with characters outside ASCII, which must be written in
// their ASCII form (xn--…).
// REQUIRES: no control characters, no white space at either end; parsers drop these.
std::optional<std::string> normalized_url(std::string_view uri);

// The length of the scheme and its colon; 0: there is no scheme.
std::size_t scheme_length(std::string_view uri);

// The byte of the escape at the beginning of the text ("%41…"); nullopt: there is no escape.
std::optional<char> escaped_byte(std::string_view text);

}  // namespace sidecar::session
