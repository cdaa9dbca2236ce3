#include "session/normalized_url.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

using sidecar::session::normalized_url;

namespace {

struct Case {
  std::string uri;
  std::string normalized;  // empty: cannot be normalised
};

void check(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    INFO(each.uri);
    CHECK(normalized_url(each.uri).value_or("") == each.normalized);
    if (!each.normalized.empty()) CHECK(normalized_url(each.normalized) == each.normalized);
  }
}

}  // namespace

TEST_CASE("normalized_url: a URI in normal form stays as it is, whatever its characters") {
  for (const char* uri : {"file:///a/b c/\u00E9%20%41|", "https://a.example/x?y=/../z#/./",
                          "notes://Box/a//b", "mailto:A@b", "urn:a/../b", "custom:a\\b",
                          "file:///C:/x", "https://[2001:db8::1]:8443/", "a/../b", "", "1:x"}) {
    INFO(uri);
    CHECK(normalized_url(uri) == uri);
  }
}

TEST_CASE("normalized_url: file URIs have one spelling") {
  check({{"FILE:///a", "file:///a"},
         {"file:a", "file:///a"},
         {"file:/a", "file:///a"},
         {"file://localhost/a", "file:///a"},
         {"file://LOCAL%68ost/a", "file:///a"},
         {"file:\\\\\\a\\b", "file:///a/b"},
         {"file:////a", "file:////a"},
         {"file://", "file:///"},
         {"file://Host/a", "file://host/a"},
         {"file://C|/a/../../b", "file:///C:/b"},
         {"file:///c|/a", "file:///c:/a"},
         {"file://host:80/a", ""},
         {"file://user@host/a", ""}});
}

TEST_CASE("normalized_url: dot segments are resolved, also in escapes") {
  check({{"file:///a/../b", "file:///b"},
         {"file:///a/%2E%2e/b", "file:///b"},
         {"file:///a/.%2e/b/%2e", "file:///b/"},
         {"file:///../../a/..", "file:///"},
         {"https://h/a/./b/..?c/../d", "https://h/a/?c/../d"},
         {"https://h\\a\\..\\b", "https://h/b"},
         {"notes://h/a/../b\\..", "notes://h/b\\.."},
         {"notes:/a/..//b", "notes:/.//b"},
         {"file:///a/%252e%252e/..b/...", "file:///a/%252e%252e/..b/..."}});
}

TEST_CASE("normalized_url: hosts and ports have one spelling") {
  check({{"HTTPS://EXAMPLE.com.:443", "https://example.com/"},
         {"http:a.example:0080/", "http://a.example/"},
         {"http:\\\\a.example:81/", "http://a.example:81/"},
         {"ws:////user:pass@w@a.example/", "ws://a.example/"},
         {"http://%61.example/", "http://a.example/"},
         {"http://0x7f.1/", "http://127.0.0.1/"},
         {"http://2130706433/", "http://127.0.0.1/"},
         {"http://[0:0::1]/", "http://[::1]/"},
         {"http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"},
         {"Notes://u@Box:007/A", "notes://Box:7/A"},
         {"notes://{host}:{port}/", "notes://{host}:{port}/"}});
  for (const char* uri : {"http://", "http://a b/", "http://a:b/", "http://a:65536/",
                          "http://1.2.3.4.5/", "http://[::1/", "http://%2541/",
                          "http://b\u00FCcher.example/", "http://u@/", "http://a../"}) {
    INFO(uri);
    CHECK_FALSE(normalized_url(uri));
  }
}
