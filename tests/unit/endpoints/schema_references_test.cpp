#include "endpoints/rest/schema_references.hpp"

#include <string>

#include "jsonrpc/message.hpp"
#include "support/catch.hpp"

using namespace sidecar;
using endpoints::SchemaReferences;
using jsonrpc::Tree;

namespace {

struct Schema {
  explicit Schema(std::string json, std::size_t most = 100)
      : text(padded(std::move(json))), references(tree, most) {}

  static std::string padded(std::string text) {
    jsonrpc::pad(text);
    return text;
  }
  // The text of the target to which the schema of the property `name` refers; empty: none.
  std::string_view target(std::string_view name) const {
    for (Tree::Index at = 0; at < tree.size(); ++at) {
      if (tree.key(at) != name) continue;
      const auto target = references.target(at);
      return target ? tree.text(*target) : std::string_view();
    }
    FAIL("there is no " << name);
    return {};
  }

  const std::string text;
  const Tree tree{text};
  const SchemaReferences references;
};

}  // namespace

TEST_CASE("schema references: pointers, anchors and ids lead to places of the schema") {
  const Schema s(
      R"({"$id":"https://e.example/s","$defs":{"a~b/c":{"type":"string"},"n":{"$anchor":"n","type":"null"}},
    "x":{"$ref":"#/$defs/a~0b~1c"},"y":{"$dynamicRef":"#n"},"z":{"$ref":"https://e.example/s#n"},
    "first":{"allOf":[{"const":0},{"const":1}]},"w":{"$ref":"#/first/allOf/1"}})");
  CHECK(s.target("x") == R"({"type":"string"})");
  CHECK(s.target("y") == R"({"$anchor":"n","type":"null"})");
  CHECK(s.target("z") == s.target("y"));
  CHECK(s.target("w") == R"({"const":1})");
  CHECK(s.target("first").empty());
  CHECK(s.references.targets().size() == 3);
}

TEST_CASE("schema references: with several in one schema $ref counts") {
  const Schema s(R"({"a":{"title":"A"},"b":{"title":"B"},"$defs":{"n":{"$anchor":"n"}},
    "x":{"$dynamicRef":"#n","$ref":"#/b"},"y":{"$ref":"#/a","$recursiveRef":"#n"}})");
  CHECK(s.target("x") == R"({"title":"B"})");
  CHECK(s.target("y") == R"({"title":"A"})");
}

TEST_CASE(
    "schema references: what leads nowhere, elsewhere or in a circle is none, whoever else leads "
    "there") {
  const Schema s(
      R"({"a":{"$ref":"#/b"},"b":{"$ref":"#/a"},"into":{"$ref":"#/a"},"self":{"$ref":"#/self"},
    "none":{"$ref":"#/c"},"far":{"$ref":"https://e.example/other"},"text":{"$ref":"#/title"},"title":"t"})");
  for (const char* name : {"a", "b", "into", "self", "none", "far", "text"})
    CHECK(s.target(name).empty());
  CHECK(s.references.targets().empty());
}

TEST_CASE("schema references: beyond the limit those to the first places stay") {
  const std::string schema = R"({"a":{"title":"A"},"b":{"title":"B"},"c":{"title":"C"},
    "x":{"$ref":"#/c"},"y":{"$ref":"#/a"},"z":{"$ref":"#/b"}})";
  CHECK(Schema(schema, 3).target("x") == R"({"title":"C"})");
  const Schema two(schema, 2);
  CHECK(two.target("x").empty());
  CHECK(two.target("y") == R"({"title":"A"})");
  CHECK(two.target("z") == R"({"title":"B"})");
  CHECK(Schema(schema, 0).references.targets().empty());
}
