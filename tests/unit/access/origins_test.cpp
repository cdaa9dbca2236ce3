#include "access/origins.hpp"

#include "support/catch.hpp"

using sidecar::access::Origins;

namespace {

// What a page under `host` may whose origin is `origin`; by default one of another site.
bool lets_in(const Origins& origins, const char* host, const char* origin = "https://app.example") {
  return origins.lets_in(origin, host);
}

}  // namespace

TEST_CASE("origins: where names are checked a page comes in under a loopback name or a listed one only") {
  const Origins origins({"*"}, true, {"mcp.example.com", "*.example.org", "[2001:db8::5]:80", "10.0.0.7"});
  for (const char* host : {"localhost", "LocalHost:3001", "127.0.0.1:3001", "127.9.9.9", "[::1]:3001",
                           "mcp.example.com", "MCP.EXAMPLE.COM:8443", "a.example.org", "a.b.Example.Org:1",
                           "[2001:db8::5]", "[2001:db8::5]:3001", "10.0.0.7:3001"}) {
    INFO(host);
    CHECK(lets_in(origins, host));
  }
  for (const char* host :
       {"", ":3001", "example.com", "evil.mcp.example.com", "mcp.example.com.evil.example", "example.org",
        ".example.org", "badexample.org", "a.example.org.evil.example", "localhost.evil.example",
        "127.0.0.1.evil.example", "10.0.0.70", "[2001:db8::50]", "*.example.org.evil", "["}) {
    INFO(host);
    CHECK_FALSE(lets_in(origins, host));
    CHECK_FALSE(lets_in(origins, host, ("http://" + std::string(host)).c_str()));
    CHECK(lets_in(origins, host, ""));  // no page
  }
}

TEST_CASE("origins: where names are not checked, or any is allowed, only the origin counts") {
  CHECK(lets_in(Origins({"*"}, false, {"mcp.example.com"}), "evil.example"));
  CHECK(lets_in(Origins({"*"}, true, {"*"}), "evil.example"));
  CHECK_FALSE(lets_in(Origins({"https://b.example"}, true, {"*"}), "evil.example"));
}

TEST_CASE("origins: a page of our own comes in under a name of ours, whatever other origins are listed") {
  const Origins none({}, false, {"mcp.example.com", "*.example.org"});
  CHECK(lets_in(none, "mcp.example.com", "https://mcp.example.com"));
  CHECK(lets_in(none, "Mcp.Example.com:8443", "https://mcp.example.com:8443"));
  CHECK(lets_in(none, "a.example.org", "https://a.example.org"));
  CHECK(lets_in(none, "localhost:3001", "http://localhost:3001"));
  CHECK_FALSE(lets_in(none, "localhost:3001", "http://localhost:5173"));  // another program's page
  CHECK_FALSE(lets_in(none, "mcp.example.com", "https://mcp.example.com.evil.example"));
  CHECK_FALSE(lets_in(none, "mcp.example.com", "null"));
  CHECK_FALSE(lets_in(none, "a.example.org", "https://b.example.org"));
  // A name that is not known as ours may be one that was made to point here.
  CHECK_FALSE(lets_in(none, "evil.example", "http://evil.example"));
  CHECK_FALSE(lets_in(Origins({}, true, {"*"}), "evil.example", "http://evil.example"));
}
