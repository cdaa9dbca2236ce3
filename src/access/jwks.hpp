// Jwks: the public keys of an authorization server that verify its tokens (RFC 7517). cjose reads
// the keys. Immutable after parse(); used on the loop thread.
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

// A signature algorithm of RFC 7518 and the kind of key that it needs. Symmetric algorithms and
// `none` are left out on purpose: a public key must never serve as a shared secret.
struct SignatureAlgorithm {
  std::string_view name;   // e.g. "RS256"
  std::string_view kty;    // "RSA" or "EC"
  std::string_view curve;  // for EC
};

// nullptr if the algorithm is not accepted.
const SignatureAlgorithm* signature_algorithm(std::string_view name);

class Jwks {
 public:
  struct Key {
    std::string id;   // `kid`; may be empty
    std::string kty;  // "RSA" or "EC"
    std::string curve;
    std::string algorithm;  // `alg`: the only one it may be used with; empty: all of its kind
    std::shared_ptr<_cjose_jwk_int> key;
  };

  Jwks() = default;
  // Leaves out keys that are not for signatures and kinds other than RSA and EC (P-256, P-384,
  // P-521). Errors: not a key set, too large, a malformed key, an RSA key that does not have 2048
  // to 8192 bits, no usable key.
  static Result<Jwks> parse(std::string_view text);

  std::size_t size() const { return keys_.size(); }
  // The key that a token names, or the only fitting key if it names none; nullptr otherwise.
  const Key* find(std::string_view id, const SignatureAlgorithm& algorithm) const;

 private:
  std::vector<Key> keys_;
};

}  // namespace sidecar::access
