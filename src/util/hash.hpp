// Hashes of OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace sidecar {

// SHA-256 as lower-case hex.
std::string sha256_hex(std::string_view data);

// HMAC with SHA-256 (RFC 2104) as lower-case hex.
std::string hmac_sha256_hex(std::string_view key, std::string_view data);

}  // namespace sidecar
