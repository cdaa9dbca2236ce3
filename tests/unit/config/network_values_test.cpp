#include "config/network_values.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::config;
using sidecar::test::Contains;
using List = std::vector<std::string>;

TEST_CASE("network values: a host is a name or an address, brackets taken off") {
  CHECK(parse_host("127.0.0.1") == "127.0.0.1");
  CHECK(parse_host(" localhost ") == "localhost");
  CHECK(parse_host("::") == "::");
  CHECK(parse_host("[::1]") == "::1");
  CHECK(parse_host("my_host.example.com") == "my_host.example.com");
  for (const std::string text :
       {"", "a b", "http://x", "[x]", "[127.0.0.1]", "a:80", "-a", ".a", "a/b"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_host(text));
  }
  CHECK_THAT(parse_host("*").error().message, Contains("0.0.0.0"));
}

TEST_CASE("network values: a public URL keeps its prefix and loses the slash at its end") {
  CHECK(parse_public_url("https://mcp.example.com") == "https://mcp.example.com");
  CHECK(parse_public_url("HTTPS://MCP.example.com:8443/Path/") ==
        "https://mcp.example.com:8443/Path");
  CHECK(parse_public_url("http://[::1]:3001/") == "http://[::1]:3001");
  for (const std::string text :
       {"", "mcp.example.com", "ftp://x", "https://", "https://a b", "https://a/b?c", "https://a#b",
        "https://user:pw@a", "https://a:0", "https://a:65536", "https://a:b", "https://[x]",
        "https://a/\xC3\xA4", "https://a/b c", "://a"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_public_url(text));
  }
}

TEST_CASE("network values: origins are taken as browsers send them") {
  CHECK(*parse_origins("*") == List{"*"});
  CHECK(parse_origins("none")->empty());
  CHECK(*parse_origins("https://A.example.com/, http://localhost:5173,vscode-webview://x") ==
        List{"https://a.example.com", "http://localhost:5173", "vscode-webview://x"});
  for (const std::string text :
       {"", ",", "example.com", "https://a/b", "https://*.a.com", "null", "https://a,b"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_origins(text));
  }
  CHECK_THAT(parse_origins("https://a, b").error().message, Contains("\"b\" is not an origin"));
}

TEST_CASE(
    "network values: allowed hosts are names and addresses, with a port or without, and what is "
    "below a "
    "name") {
  CHECK(*parse_allowed_hosts("*") == List{"*"});
  CHECK(parse_allowed_hosts(" ")->empty());
  CHECK(*parse_allowed_hosts(
            "MCP.example.com, *.Example.org:8443,10.0.0.7:80 , [::1]:3001,[fd00::1]") ==
        List{"mcp.example.com", "*.example.org:8443", "10.0.0.7:80", "[::1]:3001", "[fd00::1]"});
  for (const std::string text : {",", "https://a.example", "a/b", "*example.com", "a.*.com", "*.",
                                 "a b", "a:0", "::1", "[::1", "*.[::1]x", "**"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_allowed_hosts(text));
  }
  CHECK_THAT(parse_allowed_hosts("a, b/c").error().message, Contains("\"b/c\" is not a name"));
}

TEST_CASE("network values: allowed addresses may be all of them, but not none") {
  CHECK(*parse_allowed_addresses("*") == List{"*"});
  CHECK(*parse_allowed_addresses("10.0.0.0/8 , ::1, *") == List{"10.0.0.0/8", "::1", "*"});
  for (const std::string text : {"", " ", ",", "none", "10.0.0.*", "**", "10.0.0.0/33"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_allowed_addresses(text));
  }
  CHECK_FALSE(parse_allowed_addresses(std::string_view("0.0.0.0\0:", 9)));
  CHECK_FALSE(parse_allowed_addresses(std::string_view("10.0.0.0\0/8", 11)));
  CHECK_THAT(parse_allowed_addresses("::1,x y").error().message,
             Contains("\"x y\" is neither an address"));
}

TEST_CASE("network values: networks are addresses and CIDR") {
  CHECK(*parse_networks("127.0.0.0/8, ::1,fd00::/8 , 10.0.0.7") ==
        List{"127.0.0.0/8", "::1", "fd00::/8", "10.0.0.7"});
  CHECK(parse_networks("none")->empty());
  for (const std::string text :
       {"", "*", "10.0.0.0/33", "10.0.0/8", "::/129", "localhost", "1.2.3.4/", "1.2.3.4/8/8"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_networks(text));
  }
  std::string many = "::1";
  for (int i = 0; i < 1000; ++i) many += ",::1";
  CHECK(parse_networks(many).error().message == "more than 1000 items");
}

TEST_CASE("network values: issuers, places of keys, audiences and scopes") {
  CHECK(*parse_issuer(" https://Tenant.example/ ") == "https://Tenant.example/");
  for (const char* text :
       {"", "as.example", "ftp://as.example", "https://as.example/?x", "https://a b/"})
    CHECK_FALSE(parse_issuer(text));
  CHECK(*parse_key_source("https://as.example/jwks/?p=a%20b") ==
        "https://as.example/jwks/?p=a%20b");
  CHECK(*parse_key_source(" /etc/mcp/jwks.json ") == "/etc/mcp/jwks.json");
  for (const char* text :
       {"https://", "http://as.example/a b", "https://as.example/?a b", "https://u@as.example/",
        "https://as.example/#x", "https://as.example/?#x", "\"/etc/x\""})
    CHECK_FALSE(parse_key_source(text));
  CHECK(*parse_scopes("mcp:use, mcp:tools:get_*") ==
        std::vector<std::string>{"mcp:use", "mcp:tools:get_*"});
  for (const char* text : {"", "a b", "a\"", "a\\b", "\xc3\xa4"}) CHECK_FALSE(parse_scopes(text));
  CHECK(*parse_audiences("https://a.example, api://b") ==
        std::vector<std::string>{"https://a.example", "api://b"});
}
