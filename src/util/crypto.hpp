// Hashes (OpenSSL) and unpredictable randomness (the operating system). Safe on any thread.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "util/encoding.hpp"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace sidecar {

// SHA-256 as lower-case hex.
std::string sha256_hex(std::string_view data);

// SHA-256 of a text that arrives in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view piece);
  // Equals sha256_hex() of all pieces together. REQUIRES: called once, after the last update().
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// HMAC with SHA-256 (RFC 2104) as lower-case hex.
std::string hmac_sha256_hex(std::string_view key, std::string_view data);

// 32 bytes derived from `secret` for the use `info`: HKDF with SHA-256, without salt (RFC 5869).
std::string hkdf_sha256(std::string_view secret, std::string_view info);

// `bytes` (256 at most) unpredictable random bytes as lower-case hex, for session ids, error ids
// and keys. Aborts when the operating system has no randomness, because no safe id can be made
// then. Inline, because the PostgreSQL module uses it and does not link OpenSSL.
inline std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> raw(bytes);
  if (::getentropy(raw.data(), raw.size()) != 0) std::abort();
  return hex(raw);
}

}  // namespace sidecar
