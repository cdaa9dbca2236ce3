#include "jsonrpc/read.hpp"

#include "support/catch.hpp"

using namespace sidecar;
using jsonrpc::Span;
using jsonrpc::whole;

namespace {

std::string padded(std::string text) {
  jsonrpc::pad(text);
  return text;
}

}  // namespace

TEST_CASE("read: members are found in a part of a text, and its neighbours are not read") {
  const std::string text =
      padded(R"({"result":{"tools":[{"name":"a"},{"name":"b"}],"nextCursor":"c"},"tools":7})");
  const Span result = jsonrpc::member(text, whole(text), "result");
  const auto found = jsonrpc::find_members(text, result, {"tools", "nextCursor", "missing"});
  REQUIRE(found);
  const auto [tools, cursor, missing] = *found;
  CHECK(tools.in(text) == R"([{"name":"a"},{"name":"b"}])");
  CHECK(cursor.in(text) == R"("c")");
  CHECK_FALSE(missing);
  const auto elements = jsonrpc::find_elements(text, tools);
  REQUIRE(elements);
  REQUIRE(elements->size() == 2);
  CHECK((*elements)[1].in(text) == R"({"name":"b"})");
}

TEST_CASE("read: of arrays, scalars, ambiguous objects and broken JSON no member is read") {
  for (const char* bad : {"[]", "5", R"("x")", R"({"name":1,"name":2})", R"({"name":1,"Name":2})",
                          R"({"title":"t","name":1)", ""}) {
    const std::string text = padded(bad);
    INFO(bad);
    CHECK_FALSE(jsonrpc::find_members(text, whole(text), {"title", "name"}));
    const auto [title, name] = jsonrpc::members(text, whole(text), {"title", "name"});
    CHECK_FALSE(title);
    CHECK_FALSE(name);
    CHECK_FALSE(jsonrpc::member(text, whole(text), "name"));
    CHECK_FALSE(jsonrpc::string_member(text, whole(text), "name"));
  }
}

TEST_CASE("read: an absent object has no members, not those of the whole text") {
  const std::string text = padded(R"({"name":"n","list":[1]})");
  CHECK_FALSE(jsonrpc::find_members(text, Span(), {"name"}));
  CHECK_FALSE(jsonrpc::members(text, Span(), {"name"})[0]);
  CHECK_FALSE(jsonrpc::member(text, Span(), "name"));
  CHECK_FALSE(jsonrpc::string_member(text, Span(), "name"));
  CHECK_FALSE(jsonrpc::find_elements(text, Span()));
  CHECK(jsonrpc::elements(text, Span()).empty());
}

TEST_CASE("read: a member that occurs twice matters only to the one who asks for it") {
  const std::string text = padded(R"({"name":"n","other":1,"other":2,"deep":{"name":1,"name":2}})");
  CHECK(jsonrpc::string_member(text, whole(text), "name") == "n");
  CHECK_FALSE(jsonrpc::member(text, whole(text), "other"));
}

TEST_CASE("read: a string member is decoded; another type or a lone surrogate is none") {
  const std::string text = padded(R"({"a":"a\u00e9","b":5,"c":"\ud800","d":""})");
  CHECK(jsonrpc::string_member(text, whole(text), "a") == "a\xc3\xa9");
  CHECK_FALSE(jsonrpc::string_member(text, whole(text), "b"));
  CHECK_FALSE(jsonrpc::string_member(text, whole(text), "c"));
  CHECK(jsonrpc::string_member(text, whole(text), "d") == "");
}

TEST_CASE("read: only the token true is true") {
  const std::string text = padded(R"({"a":true,"b":false,"c":"true","d":1})");
  const auto [a, b, c, d, none] =
      jsonrpc::members(text, whole(text), {"a", "b", "c", "d", "missing"});
  CHECK(jsonrpc::is_true(text, a));
  for (const Span place : {b, c, d, none}) CHECK_FALSE(jsonrpc::is_true(text, place));
}

TEST_CASE("read: elements of what is no array: an error, or none") {
  for (const char* bad : {"{}", "5", "[1,]", "[1", ""}) {
    const std::string text = padded(bad);
    INFO(bad);
    CHECK_FALSE(jsonrpc::find_elements(text, whole(text)));
    CHECK(jsonrpc::elements(text, whole(text)).empty());
  }
  const std::string text = padded(R"([1,[2],"3"])");
  CHECK(jsonrpc::elements(text, whole(text)).size() == 3);
}

TEST_CASE("read: check_object refuses what is not one JSON object") {
  CHECK(jsonrpc::check_object(padded(R"( {"a":1,"a":2} )")));
  for (const char* bad : {"[]", "{", "{}{}", "null", ""}) {
    INFO(bad);
    CHECK_FALSE(jsonrpc::check_object(padded(bad)));
  }
}
