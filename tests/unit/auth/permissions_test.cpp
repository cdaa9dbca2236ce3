#include "auth/permissions.hpp"

#include "support/catch.hpp"
#include "support/small_stack.hpp"

using namespace sidecar::auth;

TEST_CASE("permissions: without rules every name is allowed, with an allow list only its matches") {
  CHECK(NameRules{}.allows("anything"));
  const NameRules rules{{"get_*", "list", "file:///pub/*"}, {"get_secret*"}};
  for (const char* name : {"get_user", "get_", "list", "file:///pub/a/b"})
    CHECK(rules.allows(name));
  for (const char* name :
       {"", "get", "lists", "Get_user", "get_secret", "get_secrets", "file:///private"})
    CHECK_FALSE(rules.allows(name));
}

TEST_CASE("permissions: a deny list takes precedence, all other names pass") {
  const NameRules rules{{}, {"delete_*", "drop"}};
  CHECK(rules.allows("get"));
  CHECK_FALSE(rules.allows("delete_all"));
  CHECK_FALSE(rules.allows("drop"));
}

TEST_CASE("permissions: a pattern has no escapes and matches whole names") {
  CHECK(NameRules{{"a\\*"}, {}}.allows("a\\b"));
  CHECK(NameRules{{"[ab]?"}, {}}.allows("ax"));
  CHECK_FALSE(NameRules{{"[ab]?"}, {}}.allows("cx"));
  CHECK_FALSE(NameRules{{"[ab]?"}, {}}.allows("axx"));
}

TEST_CASE("permissions: names with NUL and overlong names are not allowed") {
  using namespace std::string_view_literals;
  CHECK_FALSE(NameRules{{"ok"}, {}}.allows("ok\0evil"sv));
  CHECK_FALSE(NameRules{{}, {"evil"}}.allows("evil\0"sv));
  CHECK_FALSE(NameRules{{"*"}, {}}.allows(std::string(NameRules::kMaxName + 1, 'x')));
}

TEST_CASE("permissions: a pattern of 100,000 stars is matched on a small stack") {
  std::string stars;
  for (int i = 0; i < 100'000; ++i) stars += "*a";
  NameRules rules;
  rules.allow = {stars, std::string(100'000, '*') + "b"};
  const auto allows = [&rules](const std::string& name) {
    return sidecar::test::on_small_stack([&] { return rules.allows(name); });
  };
  CHECK_FALSE(allows(std::string(4000, 'a')));
  CHECK(allows(std::string(4000, 'a') + "b"));
}
