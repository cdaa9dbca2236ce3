#include "access/jwks.hpp"

#include <algorithm>
#include <cjose/jwk.h>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "util/encoding.hpp"

namespace sidecar::access {
namespace {

using Json = nlohmann::json;

constexpr SignatureAlgorithm kAlgorithms[] = {
    {"RS256", "RSA", ""},     {"RS384", "RSA", ""},     {"RS512", "RSA", ""},
    {"PS256", "RSA", ""},     {"PS384", "RSA", ""},     {"PS512", "RSA", ""},
    {"ES256", "EC", "P-256"}, {"ES384", "EC", "P-384"}, {"ES512", "EC", "P-521"},
};

constexpr std::size_t kMinRsaBits = 2048;
constexpr std::size_t kMaxRsaBits = 8192;  // longer keys would block the loop

std::string text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool for_signatures(const Json& key) {
  const std::string use = text_of(key, "use");
  if (!use.empty() && use != "sig") return false;
  const auto operations = key.find("key_ops");
  return operations == key.end() ||
         (operations->is_array() &&
          std::find(operations->begin(), operations->end(), "verify") != operations->end());
}

bool fits(const Jwks::Key& key, const SignatureAlgorithm& algorithm) {
  return key.kty == algorithm.kty && (algorithm.curve.empty() || key.curve == algorithm.curve) &&
         (key.algorithm.empty() || key.algorithm == algorithm.name);
}

// Nothing for a key of a kind that is not accepted.
Result<std::optional<Jwks::Key>> parse_key(const Json& value) {
  if (!value.is_object()) return fail("not a JSON object");
  Jwks::Key key{text_of(value, "kid"),
                text_of(value, "kty"),
                text_of(value, "crv"),
                text_of(value, "alg"),
                {}};
  const bool known = std::any_of(std::begin(kAlgorithms), std::end(kAlgorithms),
                                 [&key](const auto& algorithm) { return fits(key, algorithm); });
  if (!known || !for_signatures(value)) return std::optional<Jwks::Key>();
  // Only the members of the public key, and only strings: copying and writing nested values would
  // recurse.
  Json members = Json::object();
  for (const char* member : {"kty", "crv", "n", "e", "x", "y"}) {
    if (const auto found = value.find(member); found != value.end())
      members[member] = text_of(value, member);
  }
  // cjose 0.6.2 aborts on some text that is not base64url.
  for (const char* number : {"n", "e", "x", "y"}) {
    if (members.contains(number) && !is_base64url(text_of(members, number)))
      return fail("its parameters are not those of a key");
  }
  const std::string text = members.dump(-1, ' ', false, Json::error_handler_t::replace);
  cjose_err error{};
  key.key = {cjose_jwk_import(text.data(), text.size(), &error),
             [](cjose_jwk_t* jwk) { cjose_jwk_release(jwk); }};
  if (key.key == nullptr) return fail("its parameters are not those of a key");
  const std::size_t bits =
      key.kty == "RSA" ? cjose_jwk_get_keysize(key.key.get(), &error) : kMinRsaBits;
  if (bits < kMinRsaBits || bits > kMaxRsaBits)
    return fail(
        fmt::format("it has {} bits; {} to {} are accepted", bits, kMinRsaBits, kMaxRsaBits));
  return std::optional<Jwks::Key>(std::move(key));
}

}  // namespace

const SignatureAlgorithm* signature_algorithm(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kAlgorithms), std::end(kAlgorithms),
                                         [name](const auto& each) { return each.name == name; });
  return found == std::end(kAlgorithms) ? nullptr : found;
}

Result<Jwks> Jwks::parse(std::string_view text) {
  if (text.size() > kMaxJwksBytes) return fail(fmt::format("more than {} bytes", kMaxJwksBytes));
  const Json document = Json::parse(text, nullptr, false);
  if (!document.is_object()) return fail("not a JSON object");
  const auto keys = document.find("keys");
  if (keys == document.end() || !keys->is_array()) return fail("no list of keys");
  if (keys->size() > kMaxJwks) return fail(fmt::format("more than {} keys", kMaxJwks));
  Jwks set;
  for (std::size_t i = 0; i < keys->size(); ++i) {
    auto key = parse_key((*keys)[i]);
    if (!key) return fail(fmt::format("keys[{}]: {}", i, key.error().message));
    if (*key) set.keys_.push_back(**std::move(key));
  }
  if (set.keys_.empty()) return fail("no RSA or EC key for signatures");
  return set;
}

const Jwks::Key* Jwks::find(std::string_view id, const SignatureAlgorithm& algorithm) const {
  const Key* found = nullptr;
  for (const Key& key : keys_) {
    if (!fits(key, algorithm) || (!id.empty() && key.id != id)) continue;
    if (!id.empty()) return &key;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found;
}

}  // namespace sidecar::access
