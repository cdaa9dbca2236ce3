#include "access/keys_file.hpp"

#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "util/crypto.hpp"

using namespace sidecar;
using namespace sidecar::access;
using sidecar::test::Contains;
using namespace std::chrono_literals;

namespace {

std::string file_with(const std::string& more, const std::string& name = "vapi") {
  return fmt::format(R"({{"keys":[{{"name":"{}","sha256":"{}"{}}}]}})", name, sha256_hex("secret"),
                     more);
}

std::string error_of(const std::string& text) {
  const auto keys = parse_keys_file(text);
  return keys ? "no error" : keys.error().message;
}

}  // namespace

TEST_CASE("keys file: a key has a name, a hash and permissions") {
  const auto keys = parse_keys_file(file_with(
      R"(,"expires":"2027-01-31T00:00:00Z","admin":true,"readOnly":true,"tools":{"allow":["get_*"],"deny":["get_x"]})"
      R"(,"resources":{"allow":["file:///pub/*"]},"prompts":{"deny":["*"]})"));
  REQUIRE(keys);
  REQUIRE(keys->size() == 1);
  const StoredKey& key = keys->front();
  CHECK(key.name == "vapi");
  CHECK(key.hash == hash_of("secret"));
  CHECK(time_text(*key.expires) == "2027-01-31T00:00:00Z");
  CHECK(key.expired(*key.expires));
  CHECK_FALSE(key.expired(*key.expires - 1s));
  const auth::Permissions& may = *key.permissions;
  CHECK(may.admin);
  CHECK(may.read_only);
  CHECK(may.tools == auth::NameRules{{"get_*"}, {"get_x"}});
  CHECK(may.resources == auth::NameRules{{"file:///pub/*"}, {}});
  CHECK(may.prompts == auth::NameRules{{}, {"*"}});
}

TEST_CASE(
    "keys file: years beyond the range of WallTime are in the past or future like any other") {
  const auto now = std::chrono::system_clock::now();
  for (const auto& [time, past] :
       {std::pair("0001-01-01", true), std::pair("1677-01-01", true),
        std::pair("2263-01-01", false), std::pair("9999-12-31", false)}) {
    const auto keys = parse_keys_file(file_with(fmt::format(R"(,"expires":"{}")", time)));
    REQUIRE(keys);
    CHECK(keys->front().expired(now) == past);
    CHECK(time_text(*keys->front().expires) == std::string(time) + "T00:00:00Z");
  }
}

TEST_CASE("keys file: written text reads back as the same keys") {
  const std::string text = keys_file_text(*parse_keys_file(
      file_with(R"(,"expires":"2027-01-31","readOnly":true,"tools":{"allow":["get_*"]})")));
  CHECK(keys_file_text(*parse_keys_file(text)) == text);
  CHECK_THAT(text, Contains("2027-01-31T00:00:00Z") && Contains("readOnly") && !Contains("admin"));
  CHECK(parse_keys_file(R"({"keys":[]})")->empty());
}

TEST_CASE("keys file: ambiguous text is an error that names the place and no hash") {
  const std::pair<std::string, std::string> rows[] = {
      {"", "not valid JSON"},
      {"[]", "must be"},
      {R"({"keys":{}})", "must be"},
      {R"({"keys":[],"key":1})", "must be"},
      {R"({"keys":[5]})", "keys[0] must be an object"},
      {R"({"keys":[{"name":"a"}]})", "keys[0] has no sha256"},
      {R"({"keys":[{"sha256":")" + sha256_hex("secret") + R"("}]})", "keys[0] has no name"},
      {R"({"keys":[{"name":"a","sha256":"abc"}]})", "keys[0].sha256"},
      {file_with("", "a b"), "keys[0].name"},
      {file_with(R"(,"expire":"2027-01-31")"), "keys[0]: unknown member"},
      {file_with(R"(,"expires":"2027-02-31")"), "keys[0].expires"},
      {file_with(R"(,"expires":"tomorrow")"), "keys[0].expires"},
      {file_with(R"(,"expires":5)"), "keys[0].expires"},
      {file_with(R"(,"admin":"yes")"), "keys[0].admin"},
      {file_with(R"(,"tools":["a"])"), "keys[0].tools"},
      {file_with(R"(,"tools":{"denied":["a"]})"), "keys[0].tools: unknown member"},
      {file_with(R"(,"tools":{"allow":[]})"), "keys[0].tools.allow is empty"},
      {file_with(R"(,"tools":{"allow":"a"})"), "keys[0].tools.allow"},
      {file_with(R"(,"tools":{"allow":[""]})"), "keys[0].tools.allow"},
      {file_with(R"(,"admin":false,"admin":true)"), "two members of one name"},
      {file_with(R"(,"tools":)" + std::string(200, '[') + std::string(200, ']')), "not valid JSON"},
      {file_with("").insert(9, file_with("").substr(9, file_with("").size() - 11) + ","),
       "the same as an earlier"},
  };
  for (const auto& [text, expected] : rows) {
    CAPTURE(text);
    CHECK_THAT(error_of(text), Contains(expected));
    CHECK_THAT(error_of(text), !Contains(sha256_hex("secret").substr(0, 8)));
  }
}
