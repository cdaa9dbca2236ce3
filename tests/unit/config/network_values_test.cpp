#include "config/network_values.hpp"

#include <map>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::config;
using sidecar::test::Contains;
using List = std::vector<std::string>;

TEST_CASE("network values: a host is a name or an address, without brackets") {
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

TEST_CASE("network values: origins are read as browsers send them") {
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
    "network values: allowed hosts are names, addresses and *.domain, with or without a port") {
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

TEST_CASE("network values: allowed addresses may be all, but not none") {
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

TEST_CASE("network values: networks are addresses and CIDR ranges") {
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

TEST_CASE("network values: an audit database is a SQLite file, a PostgreSQL URL, on or off") {
  CHECK(parse_audit_address("sqlite:/var/lib/audit.db").value() == "sqlite:/var/lib/audit.db");
  CHECK(parse_audit_address(" postgresql://u:p@h/d ").value() == "postgresql://u:p@h/d");
  CHECK(parse_audit_address("postgres://h/d").value() == "postgres://h/d");
  CHECK(parse_audit_address("on").value() == kDefaultAuditAddress);
  CHECK(parse_audit_address("true").value() == kDefaultAuditAddress);
  CHECK(parse_audit_address("off").value().empty());
  CHECK(parse_audit_address("0").value().empty());
  for (const auto* wrong : {"sqlite:", "audit.db", "mysql://h/d", "/var/lib/audit.db"})
    CHECK_FALSE(parse_audit_address(wrong));
}

TEST_CASE("network values: the database variables of Service Desk Plus become an escaped URL") {
  std::map<std::string, std::string> variables;
  const auto address = [&] {
    return service_desk_audit_address([&](const std::string& name) { return variables[name]; });
  };
  CHECK(address() == kDefaultAuditAddress);
  variables = {{"SDP_DB_NAME", "a b"}};
  CHECK(address() == "postgresql:///a%20b");
  variables = {{"SDP_DB_HOST", "::1"},
               {"SDP_DB_PORT", "5433"},
               {"SDP_DB_NAME", "d"},
               {"SDP_DB_SSL", "false"}};
  CHECK(address() == "postgresql://[::1]:5433/d");
  variables = {{"SDP_DB_HOST", "/run/postgresql"},
               {"SDP_DB_NAME", "d"},
               {"SDP_DB_USER", "u@x"},
               {"SDP_DB_PASSWORD", "a:b"}};
  CHECK(address() == "postgresql://u%40x:a%3Ab@%2Frun%2Fpostgresql/d");
}
