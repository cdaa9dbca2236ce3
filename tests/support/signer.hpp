// Signer: an authorization server's key pair, and tokens that it signs. For tests and fuzzers.
#pragma once

#include <cjose/header.h>
#include <cjose/jws.h>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace sidecar::test {

using Json = nlohmann::json;

class Signer {
 public:
  explicit Signer(cjose_jwk_t* jwk, std::string id)
      : jwk_(jwk, cjose_jwk_release), id_(std::move(id)) {
    cjose_err error{};
    must(cjose_jwk_set_kid(jwk_.get(), id_.data(), id_.size(), &error));
  }
  static Signer rsa(std::string id, std::size_t bits = 2048) {
    static constexpr unsigned char kExponent[] = {1, 0, 1};
    cjose_err error{};
    return Signer(cjose_jwk_create_RSA_random(bits, kExponent, sizeof(kExponent), &error),
                  std::move(id));
  }
  static Signer ec(std::string id, cjose_jwk_ec_curve curve = CJOSE_JWK_EC_P_256) {
    cjose_err error{};
    return Signer(cjose_jwk_create_EC_random(curve, &error), std::move(id));
  }

  Json public_key(const Json& more = Json::object()) const {
    cjose_err error{};
    char* const text = cjose_jwk_to_json(jwk_.get(), false, &error);
    Json key = Json::parse(text);
    std::free(text);
    key.update(more);
    return key;
  }

  std::string sign(const Json& header, const std::string& claims) const {
    cjose_err error{};
    cjose_header_t* const head = cjose_header_new(&error);
    for (const auto& [name, value] : header.items()) {
      // Raw values are objects or lists.
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      const auto set = value.is_string() ? cjose_header_set : cjose_header_set_raw;
      must(set(head, name.c_str(), text.c_str(), &error));
    }
    cjose_jws_t* const jws =
        cjose_jws_sign(jwk_.get(), head, reinterpret_cast<const unsigned char*>(claims.data()),
                       claims.size(), &error);
    must(jws != nullptr);
    const char* text = nullptr;
    must(cjose_jws_export(jws, &text, &error));
    std::string token = text;
    cjose_jws_release(jws);
    cjose_header_release(head);
    return token;
  }
  std::string token(const Json& claims, const char* algorithm = "RS256") const {
    return sign({{"alg", algorithm}, {"kid", id_}, {"typ", "at+jwt"}}, claims.dump());
  }

 private:
  static void must(bool done) {
    if (!done) std::abort();
  }

  std::unique_ptr<cjose_jwk_t, bool (*)(cjose_jwk_t*)> jwk_;
  std::string id_;
};

}  // namespace sidecar::test
