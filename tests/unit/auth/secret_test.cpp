#include "auth/secret.hpp"

#include "support/catch.hpp"

using namespace sidecar;
using auth::Secret;

TEST_CASE("secret: each use, value and scope has a key of its own") {
  const Secret secret({"one", "two"});
  const auto keys = secret.keys("ids");
  REQUIRE(keys.size() == 2);
  CHECK(keys[0] != keys[1]);
  CHECK(keys[0].size() == 32);
  CHECK(keys == Secret({"one", "two"}).keys("ids"));
  CHECK(keys[1] == Secret({"two"}).keys("ids").front());
  CHECK(keys[0] != secret.keys("other")[0]);
  CHECK(keys[0] != Secret({"one"}, "3001").keys("ids")[0]);
  CHECK(Secret({"one"}, "3001").keys("ids") != Secret({"one"}, "3002").keys("ids"));
}
