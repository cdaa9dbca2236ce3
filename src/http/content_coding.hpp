// Content codings of request bodies: gzip (RFC 1952) and identity. Knows nothing of connections and
// budgets. No state; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "http/message.hpp"

namespace sidecar::http {

enum class BodyCoding { kIdentity, kGzip, kUnsupported };

// The coding that the Content-Encoding fields name.
BodyCoding body_coding(const Head& head);

enum class GzipFault { kMalformed, kTooLarge };

// The size of the inflated text as the sender claims it, modulo 4 GB; 0 of what is no gzip file. It
// is only true of valid files with one member.
std::size_t claimed_size(std::string_view gzipped);

// The text of a gzip file, with kBodyPadding bytes of capacity behind it. A text of more than
// `most` bytes is refused as soon as that is known: by its claim without inflating it, otherwise
// with about `most` bytes of memory at any time.
tl::expected<std::string, GzipFault> inflated(std::string_view gzipped, std::size_t most);

}  // namespace sidecar::http
