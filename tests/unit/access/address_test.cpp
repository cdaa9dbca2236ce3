#include "access/address.hpp"

#include "support/catch.hpp"

using namespace sidecar;

TEST_CASE("address: sets contain addresses, networks or everything; other text is an error") {
  const auto set = access::AddressSet::parse(
                       {"192.0.2.7", "198.51.100.9/24", "2001:db8::/32", "::ffff:10.0.0.0/104"})
                       .value();
  auto has = [&](std::string_view text) { return set.contains(text); };
  CHECK(has("192.0.2.7"));
  CHECK(has("::ffff:192.0.2.7"));
  CHECK(has("198.51.100.255"));
  CHECK(has("2001:db8:1::1"));
  CHECK(has("10.255.0.1"));
  CHECK_FALSE(has("11.0.0.1"));
  CHECK_FALSE(has("192.0.2.8"));
  CHECK_FALSE(has("2001:db9::1"));
  CHECK_FALSE(has("192.0.2.7.example"));
  CHECK_FALSE(has(""));
  CHECK_FALSE(set.everything());
  CHECK(access::AddressSet::parse({"*"})->contains(std::string_view("8.8.8.8")));
  CHECK(access::AddressSet::parse({"10.0.0.1", "*"})->everything());
  CHECK_FALSE(access::AddressSet::parse({})->contains(std::string_view("127.0.0.1")));
  for (const char* bad : {"", "300.1.1.1", "10.0.0.0/33", "x", "::1/129", "10.0.0.0/x", "10.0.0.0/",
                          "/8", "10.0.0.0/-1", "fe80::1%lo"}) {
    INFO(bad);
    const auto refused = access::AddressSet::parse({"10.0.0.1", bad});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find('"' + std::string(bad) + '"') != std::string::npos);
  }
}

TEST_CASE("address: text after a NUL is not ignored") {
  using namespace std::string_literals;
  CHECK_FALSE(access::parse_address("127.0.0.1\0.example"s));
  CHECK_FALSE(access::parse_address("[::1\0]:80"s));
  CHECK_FALSE(access::AddressSet::parse({"0.0.0.0\0:"s}));
  CHECK_FALSE(access::AddressSet::parse({"10.0.0.0\0/8"s}));
}

TEST_CASE("address: loopback is 127.0.0.0/8 and ::1, in every notation") {
  for (const char* address :
       {"127.9.9.9", "::1", "[::1]", "[::1]:80", "127.0.0.1:80", "::ffff:127.0.0.1"}) {
    INFO(address);
    CHECK(access::is_loopback(address));
  }
  for (const char* address : {"10.0.0.1", "localhost", "127.0.0.1.example.com", "[::1",
                              "[127.0.0.1]", "127.0.0.1:", "127.0.0.1:80/x", "::1:", "", "[]"}) {
    INFO(address);
    CHECK_FALSE(access::is_loopback(address));
  }
}
