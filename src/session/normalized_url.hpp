// normalized_url(): a URI as the parsers of the WHATWG URL Standard read it: `new URL()` of Node,
// the URL types of the official MCP SDKs. Two spellings that such a parser takes for one resource
// have one normalised form. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sidecar::session {

// Scheme and host are in lower case, "." and ".." segments are resolved, backslashes of http,
// https, ws, wss, ftp and file are slashes, a default port and a user name with its password are
// left out, as are the root label's dot and the host of file://localhost/. Characters that a parser
// would escape stay as they are, and so do escapes outside the host. Text without a scheme is
// returned unchanged. Nothing: the host or the port of a URI of one of those schemes cannot be
// normalised. That includes hosts with characters outside ASCII, which have to be written in their
// ASCII form (xn--…). REQUIRES: no control characters, no white space at either end; parsers drop
// these.
std::optional<std::string> normalized_url(std::string_view uri);

// The length of the scheme and its colon; 0 when there is none.
std::size_t scheme_length(std::string_view uri);

// The byte that the escape at the beginning of the text stands for ("%41…"); nothing when there is
// none.
std::optional<char> escaped_byte(std::string_view text);

}  // namespace sidecar::session
