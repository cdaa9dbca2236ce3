#include "session/uri_rules.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using namespace sidecar;
using session::UriRules;

namespace {

using Uris = std::vector<std::string>;

struct Rules {
  auth::NameRules names;
  UriRules uris{names};
};

void check_all(const Rules& rules, bool allowed, const Uris& uris) {
  for (const std::string& uri : uris) {
    INFO(uri);
    CHECK(rules.uris.allows(uri) == allowed);
  }
}

}  // namespace

TEST_CASE("uri_rules: without rules every URI is allowed") {
  check_all({}, true, {"", "\t", " a", "file:///a/../b", "http://", "a\u2028"});
}

TEST_CASE(
    "uri_rules: a URI with a control character, or with white space at an end, is not allowed") {
  const Rules rules{{{"*"}, {}}};
  check_all(rules, false,
            {"file:///a/.\t./b", "file:///a/.\n./b", "file:///a/.\r./b", "file:///a\x7f",
             "file:///a\x01", "file:///a\u0085", "file:///a\u009F", "file:///a\u2028",
             "file:///a\u2029b", " file:///a", "file:///a ", "\u00A0file:///a",
             "\uFEFF"
             "file:///a",
             "file:///a\u3000"});
  check_all(rules, false, {std::string("file:///a\0", 10), "file:///a%00b"});
  check_all(rules, true,
            {"file:///a b", "file:///\u00E9/\u00A1", "file:///a\u00A0b", "file:///a%0Ab", ""});
}

TEST_CASE("uri_rules: a URI that goes up in its path is not allowed, however it is written") {
  check_all({{{}, {"x"}}}, false,
            {"file:///a/../b", "file:///a/..", "file:///a/%2e%2E/b", "file:///a/.%2e/b",
             "file:///a/..%2fb", "file:///a/..\\b", "file:///a/..%5cb", "file:///a/%252e%252e/b",
             "file:///a/..?b", "a/../b", "..", "notes:../b", "file:///a/..;x/b"});
  check_all({{{}, {"x"}}}, true, {"file:///a..b/..c/d..", "file:///a/...", "file:///%2e%"});
}

TEST_CASE("uri_rules: an allowed URI stays allowed after a URL parser has read it") {
  const Rules rules{{{"file:///public/*.txt", "https://a.example/v1/*", "*trusted*"}, {}}};
  check_all(rules, true,
            {"file:///public/a.txt", "file:///public/a b/\u00E9.txt", "file:///public/a%20b.txt",
             "https://a.example/v1/", "https://a.example/v1/x?y=z#w", "notes://trusted/a"});
  check_all(
      rules, false,
      {"file:///public/secret.key?.txt", "file:///public/secret.key#.txt", "https://a.example/v2/",
       "https://trusted@evil.example/", "https://evil.example/?trusted", "http://a b/trusted",
       "https://b\u00FCcher.example/trusted"});
}

TEST_CASE("uri_rules: no spelling of a denied URI is allowed") {
  check_all({{{}, {"file:///secret/*", "file:///a/key", "https://internal.example/*"}}}, false,
            {"file:///secret/b",
             "FILE:///secret/b",
             "file://localhost/secret/b",
             "file:\\\\\\secret\\b",
             "file:/secret/b",
             "file:secret/b",
             "file:///./secret/b",
             "file:///%2e/secret/b",
             "file:///secr%65t/b",
             "file:///secr%2565t/b",
             "file:////secret/b",
             "file:///secret//b",
             "file:///secret%2fb",
             "file:///secret%5Cb",
             "file:///a/key?x",
             "file:///a/key#x",
             "file:///a/key/",
             "file:///a//key",
             "https:internal.example/",
             "HTTPS://INTERNAL.example/x",
             "https://internal.example:443/x",
             "https://internal.example./x",
             "https://u:p@internal.example/",
             "https:\\\\internal.example\\x",
             "https://int%65rnal.example/"});
  check_all({{{}, {"file:///secret/*"}}}, true,
            {"file:///secrets", "file:///a/secret/b", "notes://secret/b"});
}

TEST_CASE("uri_rules: a drive in the place of a file URI's host does not hide the denied path") {
  check_all(
      {{{}, {"file:///secret/*", "file:///key"}}}, false,
      {"file://C:/secret/key", "file://c|/secret/key", "FILE://C:/secret/key",
       "file:\\\\C:\\secret\\key", "file://C:/./secret//key", "file://C:/key", "file://C:/key/",
       "file://C:/secret%2fkey", "file://C%3A/secret/key", "file://C:80/secret/key"});
  check_all({{{}, {"file:///secret/*"}}}, true,
            {"file://C:/public/key", "file:///C:/public/key", "file://C:", "file:///secret:/key"});
}

TEST_CASE("uri_rules: a last dot that only decoding makes a segment does not hide a denied URI") {
  check_all({{{}, {"file:///secret", "notes://a/b"}}}, false,
            {"file:///secret%2f.", "file:///secret/%2f.", "file:///secret%2F%2e",
             "file:///secret%252f.", "file:///secret%2f.?x", "file:///secret%5c.",
             "file:///secret%2f.%2f.", "notes://a/b%2f.", "notes://a/b%2f.#x"});
  check_all({{{}, {"file:///secret"}}}, true,
            {"file:///secret.", "file:///secret%2f.a", "file:///secret%2f..."});
}

TEST_CASE("uri_rules: the host of a denied URI has no case, whatever its scheme") {
  for (const char* denied : {"note://vault/*", "note://Vault/*", "NOTE://VAULT/*", "note://V?ult/*",
                             "*://Vault/*", "note://user@Vault/*"}) {
    INFO(denied);
    check_all({{{}, {denied}}}, false,
              {"note://vault/key", "NOTE://VAULT/key", "note://Vault/key", "note://v%41ULT/key",
               "note://user@VAULT/key", "note://VAULT/key?x", "note://VAULT//key"});
    check_all({{{}, {denied}}}, true, {"note://vaults/key", "note:/VAULT/key", "x:note://VAULT"});
  }
  check_all({{{}, {"note://vault/Key"}}}, true, {"note://vault/key", "note://VAULT/key"});
  check_all({{{"note://Vault/*"}, {}}}, true, {"note://Vault/key"});
}

TEST_CASE("uri_rules: a pattern may be written in any spelling too") {
  const Rules rules{
      {{"FILE://localhost/my%20docs/*", "HTTPS://Example.com:443/*", "Notes://a/*",
        "http://b.example", "weather://city?name=*", "proxy://get/https://c.example/*",
        "db://x[?]y=*", "file:///a/%2A", "pg://user@host/*", "file://server/share/*"},
       {}}};
  check_all(rules, true,
            {"FILE://localhost/my%20docs/a", "HTTPS://Example.com:443/a", "Notes://a/b",
             "http://b.example", "weather://city?name=Bern", "proxy://get/https://c.example/d",
             "db://x?y=1", "file:///a/%2A", "pg://user@host/db", "file://server/share/a"});
  check_all({{{}, {"FILE://localhost/my%20docs/*", "file:///d/"}}}, false,
            {"file:///my docs/a", "file:///my%20docs/a", "file:///d", "file:///d/"});
}

TEST_CASE("uri_rules: a template is looked at as it is written") {
  const Rules rules{
      {{"file:///public/*", "http://{host}:{port}/", "weather://now{?city}"}, {"*secr?t*"}}};
  for (const char* allowed :
       {"file:///public/{+path}", "http://{host}:{port}/", "weather://now{?city}"})
    CHECK(rules.uris.allows_template(allowed));
  for (const char* refused : {"file:///{path}", "file:///public/{x}/../y", "file:///public/{x}\t",
                              "file:///public/secr%65t/{x}"})
    CHECK_FALSE(rules.uris.allows_template(refused));
}
