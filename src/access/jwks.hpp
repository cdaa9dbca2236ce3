// Jwks: the public keys with which an authorization server signs its tokens (RFC 7517). Reading of
// keys and checking of signatures are cjose's. Loop thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

struct _cjose_jwk_int;  // NOLINT(bugprone-reserved-identifier): the library's name

namespace sidecar::access {

inline constexpr std::size_t kMaxJwksBytes = 256 << 10;  // bytes
inline constexpr std::size_t kMaxJwks = 100;             // keys

// A signature algorithm of RFC 7518 and the kind of key that it goes with. Symmetric ones, and
// `none`, are missing on purpose: a public key must never serve as a shared secret.
struct SignatureAlgorithm {
  std::string_view name;   // e.g. "RS256"
  std::string_view kty;    // "RSA" or "EC"
  std::string_view curve;  // of EC
};

// nullptr for one that is not taken.
const SignatureAlgorithm* signature_algorithm(std::string_view name);

class Jwks {
 public:
  struct Key {
    std::string id;   // `kid`; may be empty
    std::string kty;  // "RSA" or "EC"
    std::string curve;
    std::string algorithm;  // the only one that it is for; empty: all that fit its kind
    std::shared_ptr<_cjose_jwk_int> key;
  };

  Jwks() = default;
  // Keys that are not for signatures, or of another kind than RSA (2048 to 8192 bits) and EC
  // (P-256, P-384, P-521), are left out. Errors: no key set, too large, a key that is broken, none
  // that is left.
  static Result<Jwks> parse(std::string_view text);

  std::size_t size() const { return keys_.size(); }
  // The key that a token names, or the only one that fits if it names none; nullptr when there is
  // none.
  const Key* find(std::string_view id, const SignatureAlgorithm& algorithm) const;

 private:
  std::vector<Key> keys_;
};

}  // namespace sidecar::access
