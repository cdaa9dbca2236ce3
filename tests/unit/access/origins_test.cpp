#include "access/origins.hpp"

#include <map>
#include <utility>

#include "support/catch.hpp"

using namespace sidecar::access;

namespace {

using List = std::vector<std::string>;

OriginRules rules(List allowed, HostCheck check = HostCheck::kNone, List hosts = {}) {
  OriginRules made;
  made.allowed = std::move(allowed);
  made.hosts = std::move(hosts);
  made.host_check = check;
  return made;
}

// The rules of MCP_CORS_ORIGINS=auto without keys, on loopback.
OriginRules automatic() {
  OriginRules made =
      rules({"https://mcp.example.com"}, HostCheck::kAll, {"mcp.example.com", "named.example"});
  made.local_pages = made.open = true;
  return made;
}

// A GET of a page of `origin`, sent to `host`; by default from another site.
bool lets_in(const Origins& origins, const std::string& host,
             const std::string& origin = "https://app.example",
             std::map<std::string, std::string> fields = {}) {
  fields["Host"] = host;
  return origins.refusal(false, origin, [&fields](std::string_view name) -> std::string_view {
    const auto found = fields.find(std::string(name));
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
  }) == nullptr;
}

std::string cors(const Origins& origins, std::string_view origin) {
  const auto fields = origins.reply_fields(origin);
  for (const auto& field : *fields) {
    if (field.name == "Access-Control-Allow-Origin") return field.value;
  }
  return "";
}

}  // namespace

TEST_CASE(
    "origins: with a host check, a page needs an address, localhost or a listed name as Host") {
  const Origins origins(
      rules({"*"}, HostCheck::kPages, {"mcp.example.com", "*.example.org", "[2001:db8::5]:80"}));
  for (const char* host :
       {"localhost", "LocalHost:3001", "localhost.", "127.0.0.1:3001", "127.9.9.9", "[::1]:3001",
        "mcp.example.com", "MCP.EXAMPLE.COM:8443", "a.example.org", "a.b.Example.Org:1",
        "[2001:db8::5]", "[2001:db8::50]:3001", "10.0.0.7:3001"}) {
    INFO(host);
    CHECK(lets_in(origins, host));
  }
  for (const char* host : {"",
                           ":3001",
                           "example.com",
                           "evil.mcp.example.com",
                           "mcp.example.com.evil.example",
                           "example.org",
                           ".example.org",
                           "badexample.org",
                           "a.example.org.evil.example",
                           "localhost.evil.example",
                           "127.0.0.1.evil.example",
                           "127.0.0.1.nip.io",
                           "*.example.org.evil",
                           "[",
                           "[::1",
                           "[::1]x",
                           "[::1%25lo]",
                           "[::1%lo]",
                           "::1",
                           "user@localhost",
                           "localhost:",
                           "localhost:x",
                           "localhost:3001:1",
                           "2130706433",
                           "0x7f000001",
                           "017700000001",
                           "127.1",
                           "0177.0.0.1",
                           "[127.0.0.1]"}) {
    INFO(host);
    CHECK_FALSE(lets_in(origins, host));
    CHECK_FALSE(lets_in(origins, host, "http://" + std::string(host)));
    CHECK(lets_in(origins, host, ""));  // no page
  }
}

TEST_CASE("origins: without a host check, or with any host, only the origin counts") {
  CHECK(lets_in(Origins(rules({"*"}, HostCheck::kNone, {"mcp.example.com"})), "evil.example"));
  CHECK(lets_in(Origins(rules({"*"}, HostCheck::kPages, {"*"})), "evil.example"));
  CHECK_FALSE(
      lets_in(Origins(rules({"https://b.example"}, HostCheck::kPages, {"*"})), "evil.example"));
}

TEST_CASE("origins: a page of this server passes under its own name, whatever origins are listed") {
  const Origins none(rules({}, HostCheck::kNone, {"mcp.example.com", "*.example.org"}));
  CHECK(lets_in(none, "mcp.example.com", "https://mcp.example.com"));
  CHECK(lets_in(none, "Mcp.Example.com:8443", "https://mcp.example.com:8443"));
  CHECK(lets_in(none, "a.example.org", "https://a.example.org"));
  CHECK(lets_in(none, "localhost:3001", "http://localhost:3001"));
  CHECK(lets_in(none, "192.0.2.1:3001", "http://192.0.2.1:3001"));
  CHECK_FALSE(lets_in(none, "localhost:3001", "http://localhost:5173"));  // another program's page
  CHECK_FALSE(lets_in(none, "mcp.example.com", "https://mcp.example.com.evil.example"));
  CHECK_FALSE(lets_in(none, "mcp.example.com", "null"));
  CHECK_FALSE(lets_in(none, "mcp.example.com", "ftp://mcp.example.com"));
  CHECK_FALSE(lets_in(none, "a.example.org", "https://b.example.org"));
  CHECK_FALSE(lets_in(none, "", "http://"));
  // An unknown name may have been rebound to this address.
  CHECK_FALSE(lets_in(none, "evil.example", "http://evil.example"));
  CHECK_FALSE(
      lets_in(Origins(rules({}, HostCheck::kPages, {"*"})), "evil.example", "http://evil.example"));
}

TEST_CASE(
    "origins: without keys, pages of this machine, of the public URL and of this server pass, no "
    "others") {
  const Origins origins(automatic());
  for (const char* origin : {"http://localhost:5173", "https://localhost", "http://127.0.0.1:8080",
                             "http://[::1]:1", "https://mcp.example.com"}) {
    INFO(origin);
    CHECK(lets_in(origins, "localhost:3001", origin));
    CHECK(cors(origins, origin) == origin);
  }
  CHECK(lets_in(origins, "named.example", "http://named.example"));
  CHECK(lets_in(origins, "10.0.0.7:3001", "http://10.0.0.7:3001"));
  for (const char* origin :
       {"https://evil.example", "null", "http://localhost.evil.example", "http://127.0.0.1.nip.io",
        "http://localhost@evil.example", "http://[::1%25evil]", "file://", "http://",
        "https://mcp.example.com:8443", "http://mcp.example.com",
        "http://localhost:5173, https://evil.example", "http://10.0.0.7:3001", "http://2130706433",
        "HTTP://localhost", "chrome-extension://localhost"}) {
    INFO(origin);
    CHECK_FALSE(lets_in(origins, "localhost:3001", origin));
    CHECK(cors(origins, origin).empty());
  }
}

TEST_CASE("origins: without keys, subresources of other sites are refused") {
  const Origins origins(automatic());
  const auto loads = [&origins](const char* site, const char* mode) {
    return lets_in(origins, "localhost:3001", "",
                   {{"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", mode}});
  };
  CHECK_FALSE(loads("cross-site", "no-cors"));
  CHECK(loads("cross-site", "navigate"));
  CHECK(loads("same-origin", "no-cors"));
  CHECK(loads("none", "navigate"));
  CHECK(loads("", ""));
}

namespace {

// What a preflight of `origin` that asks for `asked` allows beyond the fixed list, and Vary.
std::pair<std::string, std::string> preflight(const Origins& origins, std::string_view origin,
                                              std::string_view asked) {
  const std::string fixed = origins.preflight_fields("", "")[1].value;
  std::string further, vary;
  for (const auto& [name, value] : origins.preflight_fields(origin, asked)) {
    if (name == "Access-Control-Allow-Headers") {
      CHECK(value.starts_with(fixed));
      further = value.substr(fixed.size());
    }
    if (name == "Vary") vary = value;
  }
  return {further, vary};
}

}  // namespace

TEST_CASE("origins: a preflight of an allowed origin may name further fields") {
  const std::string vary = "Access-Control-Request-Headers";
  const Origins any(rules({"*"})), listed(rules({"https://app.example"})), local(automatic());
  const std::string_view page = "https://app.example";
  for (const Origins* origins : {&any, &listed}) {
    CHECK(preflight(*origins, page, "traceparent,ngrok-skip-browser-warning") ==
          std::pair{std::string(", traceparent, ngrok-skip-browser-warning"), vary});
    CHECK(preflight(*origins, page, "") == std::pair{std::string(), vary});
  }
  CHECK(preflight(local, "http://localhost:6274", "x-a").first == ", x-a");
  const std::pair<std::string, std::string> nothing;
  CHECK(preflight(listed, "https://evil.example", "x-a") == nothing);
  CHECK(preflight(local, "https://evil.example", "x-a") == nothing);
  CHECK(preflight(listed, "null", "x-a") == nothing);
  CHECK(preflight(any, "", "x-a") == nothing);  // no page
}

TEST_CASE("origins: further fields are names, each once, and within their limits") {
  const Origins any(rules({"*"}));
  const auto further = [&any](std::string_view asked) {
    return preflight(any, "https://app.example", asked).first;
  };
  CHECK(further(" x-a ,X-A,,x-b,\tx-c\t") == ", x-a, x-b, x-c");
  CHECK(further("content-type, AUTHORIZATION, x-api-key, accept") == "");
  CHECK(further("api, x-api, session-id, cache") == ", api, x-api, session-id, cache");
  CHECK(further("x a,x:a,x(a,\"x\",x\r\nSet-Cookie,x\x7f,\xc3\xa4,*,!#$%&'*+-.^_`|~") ==
        ", *, !#$%&'*+-.^_`|~");

  std::string many, most;
  for (int i = 0; i < 40; ++i) {
    many += ",x-" + std::to_string(i);
    if (i < 32) most += ", x-" + std::to_string(i);
  }
  CHECK(further(many) == most);
  CHECK(further(std::string(2048, 'x')).size() == 2 + 2048);
  CHECK(further(std::string(2049, 'x') + ",x-a") == ", x-a");
  CHECK(further(std::string(2040, 'x') + ",x-a,x-long-name,x-b") ==
        ", " + std::string(2040, 'x') + ", x-a, x-b");
}
