#include "util/crypto.hpp"

#include "support/catch.hpp"

using namespace sidecar;

namespace {

std::string hex_of(std::string_view bytes) {
  return hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

}  // namespace

TEST_CASE("crypto: SHA-256 gives the digests of the standard's examples") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("crypto: SHA-256 of a text in pieces equals that of the whole text") {
  Sha256 pieces;
  pieces.update("a");
  pieces.update("");
  pieces.update("bc");
  CHECK(pieces.hex() == sha256_hex("abc"));
  CHECK(Sha256().hex() == sha256_hex(""));
}

TEST_CASE("crypto: HMAC with SHA-256 gives the digest of RFC 4231, test case 2") {
  CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("crypto: random_hex gives two hex digits a byte, and different ones each time") {
  const std::string one = random_hex(16);
  CHECK(one.size() == 32);
  CHECK(one.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(one != random_hex(16));
}

TEST_CASE("hkdf_sha256: RFC 5869, test case 3, and another key for each use") {
  CHECK(hex_of(hkdf_sha256(std::string(22, '\x0b'), "")) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
  CHECK(hkdf_sha256("secret", "a") != hkdf_sha256("secret", "b"));
}
