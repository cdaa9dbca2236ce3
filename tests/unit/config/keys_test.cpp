#include "config/keys.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::config;
using sidecar::test::Contains;
using Keys = std::vector<Key>;

namespace {
std::string error_of(const std::string& text) { return parse_key_list(text).error().message; }
}  // namespace

TEST_CASE("keys: a key without a name is named by the first eight characters of its hash") {
  CHECK(unnamed_key_name("password") == "5e884898");
  CHECK(*parse_key_list("password") == Keys{{"5e884898", "password"}});
}

TEST_CASE("keys: a list is separated by commas or line ends, with or without names") {
  CHECK(*parse_key_list("alice:k1, bob : k2 ,,k:3:4\n") ==
        Keys{{"alice", "k1"}, {"bob", "k2"}, {"k", "3:4"}});
  CHECK(*parse_key_list("a:1\r\nb:2\n\n") == Keys{{"a", "1"}, {"b", "2"}});
}

TEST_CASE("keys: the suffix :admin after name and key marks an administrator's key") {
  CHECK(*parse_key_list("alice:k1:admin , bob : k2:admin") ==
        Keys{{"alice", "k1", true}, {"bob", "k2", true}});
  CHECK(*parse_key_list("a:1:2:admin") == Keys{{"a", "1:2", true}});
  CHECK(*parse_key_list("a:1:admins,c:1admin,admin:k") ==
        Keys{{"a", "1:admins"}, {"c", "1admin"}, {"admin", "k"}});
  CHECK(*parse_key_list("a:1,a:1:admin") == Keys{{"a", "1", true}});
  CHECK(*parse_single_key("a:1:admin") == Keys{{unnamed_key_name("a:1:admin"), "a:1:admin"}});
  CHECK(error_of("a::admin") == "key 1 is empty");
}

TEST_CASE("keys: what only resembles an administrator's mark is refused, and the form is named") {
  for (const char* text :
       {"hunter2:admin", "hunter2: admin", "hunter2:ADMIN", "ok:1,hunter2:Admin", "a:hunter2:ADMIN",
        "a:hunter2: admin", "a : hunter2 : admin", "a:hunter2:\tadmin", "a:hun:ter2:Admin "}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_key_list(text));
    CHECK_THAT(error_of(text), Contains("NAME:KEY:admin") && !Contains("hun"));
  }
}

TEST_CASE("keys: quotes that nobody took off are refused, because they would be part of a key") {
  for (const char* text : {"\"hunter2\"", "'hunter2'", "`hunter2`", "a:\"hunter2\"",
                           "x,'hunter2',y", "a:'hunter2':admin"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_key_list(text));
    CHECK_THAT(error_of(text), Contains("quotes") && !Contains("hunter"));
  }
  CHECK_THAT(parse_single_key("\"hunter2\"").error().message,
             Contains("quotes") && !Contains("hunter2"));
  CHECK(parse_single_key("\"hunter2'")->front().secret == "\"hunter2'");
  CHECK(parse_single_key("\"")->front().secret == "\"");
}

TEST_CASE("keys: several keys may share a name, but one key has one name") {
  CHECK(*parse_key_list("a:1,a:2,a:1") == Keys{{"a", "1"}, {"a", "2"}});
  CHECK(error_of("a:same-secret,b:same-secret") ==
        "key 2 is the same as an earlier one under another name");
}

TEST_CASE("keys: text that is not a key is refused without showing it") {
  for (const std::string text :
       {"", " , ", ":hunter2", "na me:hunter2", "a:", "a:hunter2,b:", "a:hun\x01ter2"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_key_list(text));
    CHECK_THAT(error_of(text), !Contains("hunter") && !Contains("hun"));
  }
  CHECK_THAT(error_of(std::string(kMaxKeyBytes + 1, 'k')), Contains("longer than 4096 bytes"));
  CHECK_THAT(error_of(std::string(kMaxKeyNameBytes + 1, 'n') + ":k"),
             Contains("name before the colon"));
  std::string many;
  for (std::size_t i = 0; i <= kMaxKeys; ++i) many += "k" + std::to_string(i) + ",";
  CHECK(error_of(many) == "more than 1000 keys");
}

TEST_CASE("keys: a single key is read as a whole") {
  CHECK(*parse_single_key("a:b,c d") == Keys{{unnamed_key_name("a:b,c d"), "a:b,c d"}});
  CHECK(parse_single_key("key\n")->front().secret == "key");
  CHECK(parse_single_key("key\r\n")->front().secret == "key");
  for (const std::string text : {"", "\n", "two\nlines", " key", "key "}) {
    CAPTURE(text);
    CHECK_FALSE(parse_single_key(text));
  }
}
