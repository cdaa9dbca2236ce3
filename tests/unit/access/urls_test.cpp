#include "access/urls.hpp"

#include "access/forwarded.hpp"
#include "support/catch.hpp"

using namespace sidecar;
using access::client_url;
using access::UrlFields;

TEST_CASE("client url: without a proxy it is the Host of the request") {
  CHECK(client_url({.host = "127.0.0.1:3001"}, false) == "http://127.0.0.1:3001");
  CHECK(client_url({.host = "[::1]:3001"}, false) == "http://[::1]:3001");
  const UrlFields forged{.host = "localhost:3001",
                         .forwarded = "host=evil.example;proto=https",
                         .x_forwarded_proto = "https",
                         .x_forwarded_host = "evil.example",
                         .x_forwarded_port = "8443",
                         .x_forwarded_prefix = "/evil"};
  CHECK(client_url(forged, false) == "http://localhost:3001");
  CHECK(client_url({}, false) == "/");
}

TEST_CASE("client url: a trusted proxy reports scheme, host, port and the prefix that it strips") {
  CHECK(client_url({.host = "sidecar:3001"}, true) == "http://sidecar:3001");
  CHECK(client_url({.host = "mcp.example.com", .x_forwarded_proto = "https"}, true) ==
        "https://mcp.example.com");
  CHECK(client_url({.host = "sidecar:3001",
                    .x_forwarded_proto = "HTTPS",
                    .x_forwarded_host = "mcp.example.com",
                    .x_forwarded_port = "443",
                    .x_forwarded_prefix = "/team/tools/"},
                   true) == "https://mcp.example.com/team/tools");
  CHECK(client_url({.x_forwarded_proto = "https",
                    .x_forwarded_host = "a.example",
                    .x_forwarded_port = "8443"},
                   true) == "https://a.example:8443");
  CHECK(
      client_url(
          {.x_forwarded_proto = "http", .x_forwarded_host = "a.example", .x_forwarded_port = "80"},
          true) == "http://a.example");
  CHECK(client_url({.x_forwarded_host = "a.example:81", .x_forwarded_port = "8443"}, true) ==
        "http://a.example:81");
  CHECK(client_url({.host = "a.example", .x_forwarded_proto = "wss"}, true) == "https://a.example");
  CHECK(client_url({.x_forwarded_prefix = "/p"}, true) == "/p");
}

TEST_CASE("client prefix: the nearest trusted proxy's, if it is a path of plain characters") {
  using access::client_prefix;
  CHECK(client_prefix("/svc", true) == "/svc");
  CHECK(client_prefix("/evil, /team/a.b/", true) == "/team/a.b");
  CHECK(client_prefix("/svc", false).empty());
  for (const char* text : {"", "/", "svc", "//evil.example", "/a/../b", "/a b", "/a?b", "/a%0d",
                           "https://evil.example", "/a\r\ndata: x"}) {
    INFO(text);
    CHECK(client_prefix(text, true).empty());
  }
}

TEST_CASE("client url: the nearest proxy's element counts, and X-Forwarded-… before Forwarded") {
  CHECK(client_url(
            {.x_forwarded_proto = "http, https", .x_forwarded_host = "evil.example ,\ta.example"},
            true) == "https://a.example");
  CHECK(client_url(
            {.host = "h",
             .forwarded = R"(host=evil.example, for=1.2.3.4;Host="a.example:8443";PROTO=https)"},
            true) == "https://a.example:8443");
  CHECK(client_url({.forwarded = "host=b.example;proto=http",
                    .x_forwarded_proto = "https",
                    .x_forwarded_host = "a.example"},
                   true) == "https://a.example");
}

TEST_CASE("client url: text that is not a host, port or prefix is ignored") {
  const std::string long_name(256, 'a');
  for (const std::string& host :
       {std::string("a.example/path"), std::string("a.example?x"), std::string("user@a.example"),
        std::string("a.example\"}"), std::string("a b"), std::string("a.example:0"),
        std::string("a.example:65536"), std::string("a.example:port"), std::string("a.example:"),
        std::string("[::1"), std::string("[fe80::1%eth0]"), std::string("[a.example]"),
        std::string("{host}"), std::string("a.example,"), std::string("\xc3\xa4.example"),
        std::string("<script>"), long_name, std::string(":80"), std::string("::1")}) {
    CAPTURE(host);
    CHECK(client_url({.host = "good.example", .x_forwarded_host = host}, true) ==
          "http://good.example");
    CHECK(client_url({.host = host}, false) == "/");
  }
  for (const char* prefix :
       {"no-slash", "//evil.example", "/a/../b", "/a/./b", "/a//b", "/a b", "/{a}", "/a\"b", "/%2e",
        "/a?b", "/a#b", "/", "https://evil.example/"}) {
    CAPTURE(prefix);
    CHECK(client_url({.host = "good.example", .x_forwarded_prefix = prefix}, true) ==
          "http://good.example");
  }
  for (const char* port : {"0", "65536", "-1", "80x", "", "443 8443"}) {
    CAPTURE(port);
    CHECK(client_url({.host = "good.example", .x_forwarded_port = port}, true) ==
          "http://good.example");
  }
  CHECK(client_url({.host = "good.example", .x_forwarded_proto = "javascript"}, true) ==
        "http://good.example");
}

TEST_CASE("forwarded: a parameter of the last element is found in either case") {
  std::string_view rest = R"(for=1.1.1.1;host=a, FOR=2.2.2.2;Host="b;c";proto=https)";
  std::string_view copy = rest;
  CHECK(access::take_last_parameter(copy, "host") == "b;c");
  CHECK(access::take_last_parameter(copy, "host") == "a");
  CHECK(copy.empty());
  copy = rest;
  CHECK(access::take_last_parameter(copy, "for") == "2.2.2.2");
  copy = "host=a;host=b";
  CHECK(access::take_last_parameter(copy, "host").empty());
}
