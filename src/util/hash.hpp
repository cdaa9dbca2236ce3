// Hashes of OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // of OpenSSL

namespace sidecar {

// SHA-256 as lower-case hex.
std::string sha256_hex(std::string_view data);

// SHA-256 of a text that comes in pieces.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view piece);
  // As sha256_hex() of all pieces. Call once.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// HMAC with SHA-256 (RFC 2104) as lower-case hex.
std::string hmac_sha256_hex(std::string_view key, std::string_view data);

}  // namespace sidecar
