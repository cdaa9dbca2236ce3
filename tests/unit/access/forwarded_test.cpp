#include "access/forwarded.hpp"

#include "support/catch.hpp"

using namespace sidecar;

namespace {

access::ClientAddress walk(std::string_view peer, const access::ForwardedFields& fields) {
  static const auto trusted =
      access::AddressSet::parse({"127.0.0.0/8", "::1", "10.0.0.0/8"}).value();
  return access::client_address(peer, fields, trusted);
}

std::string for_list(std::string_view peer, std::string_view list) {
  return walk(peer, {list, {}, {}}).text;
}

}  // namespace

TEST_CASE(
    "forwarded: X-Forwarded-For is read only from trusted proxies, from the nearest outwards") {
  CHECK(for_list("203.0.113.9", "198.51.100.1") == "203.0.113.9");
  CHECK(for_list("127.0.0.1", "198.51.100.1") == "198.51.100.1");
  CHECK(for_list("127.0.0.1", "198.51.100.1, 203.0.113.7, 10.1.2.3") == "203.0.113.7");
  CHECK(for_list("127.0.0.1", "198.51.100.1, junk, 10.1.2.3") == "10.1.2.3");
  CHECK(for_list("127.0.0.1", "10.1.1.1") == "10.1.1.1");
  CHECK(for_list("127.0.0.1", "10.1.1.1, 10.2.2.2") == "10.1.1.1");
  CHECK(for_list("::ffff:127.0.0.1", "[2001:db8::1]:443") == "2001:db8::1");
  CHECK(for_list("::1", "198.51.100.1:5555") == "198.51.100.1");
  CHECK(for_list("127.0.0.1", "") == "127.0.0.1");
  CHECK(for_list("::ffff:203.0.113.9", "") == "203.0.113.9");
  CHECK(for_list("127.0.0.1", "junk\",198.51.100.1") == "198.51.100.1");
  CHECK(for_list("127.0.0.1", "fe80::1%eth0") == "127.0.0.1");
  CHECK(for_list("a name", "198.51.100.1") == "a name");
}

TEST_CASE(
    "forwarded: of several fields the first one counts, X-Forwarded-For before Forwarded before "
    "X-Real-IP") {
  CHECK(walk("127.0.0.1", {"192.0.2.1", "for=192.0.2.2", "192.0.2.3"}).text == "192.0.2.1");
  CHECK(walk("127.0.0.1", {"", "for=192.0.2.2", "192.0.2.3"}).text == "192.0.2.2");
  CHECK(walk("127.0.0.1", {"", "", "192.0.2.3"}).text == "192.0.2.3");
  CHECK(walk("127.0.0.1", {"", "", "junk"}).text == "127.0.0.1");
  CHECK(walk("192.0.2.9", {"", "for=192.0.2.2", "192.0.2.3"}).text == "192.0.2.9");
}

TEST_CASE("forwarded: the result tells apart a reported, an unreported and a hidden client") {
  const auto row = [](std::string_view peer, const access::ForwardedFields& fields) {
    const auto client = walk(peer, fields);
    return std::string(client.unsaid ? "unsaid" : "") + (client.hidden ? "hidden" : "");
  };
  CHECK(row("192.0.2.9", {}) == "");
  CHECK(row("192.0.2.9", {"junk", "", ""}) == "");
  CHECK(row("127.0.0.1", {}) == "unsaid");
  CHECK(row("127.0.0.1", {"192.0.2.1", "", ""}) == "");
  CHECK(row("127.0.0.1", {"127.0.0.1", "", ""}) == "");
  CHECK(row("127.0.0.1", {"unknown", "", ""}) == "hidden");
  CHECK(row("127.0.0.1", {"192.0.2.1, _x, 10.0.0.1", "", ""}) == "hidden");
  CHECK(row("127.0.0.1", {"", "proto=https", ""}) == "hidden");
  CHECK(row("127.0.0.1", {"", "", "-"}) == "hidden");
}

TEST_CASE("forwarded: RFC 7239 is read with quotes, brackets and ports, in either case") {
  const auto standard = [](std::string_view text) {
    return walk("127.0.0.1", {{}, text, {}}).text;
  };
  CHECK(standard("for=192.0.2.43") == "192.0.2.43");
  CHECK(standard("For=\"192.0.2.43:47011\"") == "192.0.2.43");
  CHECK(standard("FOR=\"[2001:db8:cafe::17]:4711\"") == "2001:db8:cafe::17");
  CHECK(standard("for=\"[2001:db8:cafe::17]:_port\"") == "2001:db8:cafe::17");
  CHECK(standard("for=192.0.2.60;proto=http;by=203.0.113.43") == "192.0.2.60");
  CHECK(standard("by=203.0.113.43 ; for=192.0.2.60") == "192.0.2.60");
  CHECK(standard("for=192.0.2.43, for=198.51.100.17") == "198.51.100.17");
  CHECK(standard("for=192.0.2.43, for=10.0.0.1;proto=https") == "192.0.2.43");
  CHECK(standard("for=\"192.0.2.\\4\\3\"") == "192.0.2.43");
  CHECK(standard("for=192.0.2.43;host=\"a,b;for=192.0.2.1\"") == "192.0.2.43");
  CHECK(standard("host=\"\\\"\";for=192.0.2.43") == "192.0.2.43");
}

TEST_CASE("forwarded: an element without an address ends the search at the proxy that sent it") {
  for (const char* text :
       {"for=unknown", "for=_hidden", "for=\"_SEVKISEK\"", "proto=https", "for=", "for", "=",
        "for=192.0.2.1;for=192.0.2.2", "for=\"192.0.2.1", "for=192.0.2.1\"", "for=192.0.2.1 x",
        "for=\"192.0.2.1\"x", "for=\"[2001:db8::1\"", "192.0.2.1", "for=192.0.2.1,", ",",
        "for=\"[2001:db8::1%25eth0]\"", "for=\"192.0.2.1\\"}) {
    INFO(text);
    const auto client = walk("10.0.0.9", {{}, text, {}});
    CHECK(client.text == "10.0.0.9");
    CHECK(client.hidden);
  }
}

TEST_CASE("forwarded: a quote that a client left open does not swallow what its proxy appended") {
  for (const char* made_up : {"for=\"", "for=\"a", "host=\"x\\", "\"", "\\",
                              "for=192.0.2.200;host=\"", "for=\"192.0.2.200, ", ";;,;\""}) {
    INFO(made_up);
    CHECK(walk("127.0.0.1", {{}, std::string(made_up) + ", for=198.51.100.17", {}}).text ==
          "198.51.100.17");
    CHECK(
        walk("127.0.0.1", {{}, std::string(made_up) + ", for=\"[2001:db8::7]:80\";proto=http", {}})
            .text == "2001:db8::7");
    CHECK(for_list("127.0.0.1", std::string(made_up) + ", 198.51.100.17") == "198.51.100.17");
  }
}
