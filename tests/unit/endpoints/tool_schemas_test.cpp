#include "endpoints/rest/tool_schemas.hpp"

#include <nlohmann/json.hpp>

#include "endpoints/rest/tool_texts.hpp"
#include "jsonrpc/message.hpp"
#include "support/catch.hpp"

using namespace sidecar;
using endpoints::SchemaForm;
using endpoints::ToolSchemas;
using Json = nlohmann::ordered_json;

namespace {

// The members of components.schemas for one schema named "t".
std::string written(const std::string& schema, SchemaForm form = {}) {
  ToolSchemas schemas;
  endpoints::ToolChanges changes;
  CHECK(schemas.add("t", schema, form, changes) == "t");
  std::string all = "{" + schemas.members() + "}";
  jsonrpc::pad(all);
  CHECK(jsonrpc::check_object(all));  // nlohmann rejects some numbers
  return schemas.members();
}

// Collects every reference in `value`, at any depth.
void collect(const Json& value, std::vector<std::string>& found) {
  if (value.is_object() && value.contains("$ref") && value["$ref"].is_string())
    found.push_back(value["$ref"]);
  for (const Json& part : value) {
    if (part.is_structured()) collect(part, found);
  }
}

std::vector<std::string> dangling(const std::string& members) {
  const Json all = Json::parse("{" + members + "}");
  std::vector<std::string> found;
  collect(all, found);
  std::erase_if(found, [&](const std::string& reference) {
    const std::string prefix = "#/components/schemas/";
    return reference.rfind(prefix, 0) == 0 && all.contains(reference.substr(prefix.size()));
  });
  return found;
}

}  // namespace

TEST_CASE("tool schemas: a schema without references keeps its bytes") {
  const std::string schema =
      R"({"type":"object","properties":{"n":{"type":"number","minimum":1.10,"maximum":1e400,"multipleOf":123456789012345678901234567890},"\u0061":{"enum":[1.0,"x",null,{"$ref":"#/nowhere"}],"default":{"$ref":"x"}}},"required":["n"],"additionalProperties":false})";
  CHECK(written(schema) == R"("t":)" + schema);
}

TEST_CASE("tool schemas: what is referred to becomes a component, before what refers to it") {
  CHECK(
      written(
          R"({"$schema":"http://json-schema.org/draft-07/schema#","$defs":{"Point":{"type":"object","properties":{"x":{"$ref":"#/$defs/Number"}}},"Number":{"type":"number"},"Unused":{"type":"null"}},"type":"object","properties":{"at":{"$ref":"#/$defs/Point","description":"where"}}})") ==
      R"("t_Number":{"type":"number"},)"
      R"("t_Point":{"type":"object","properties":{"x":{"$ref":"#/components/schemas/t_Number"}}},)"
      R"("t":{"type":"object","properties":{"at":{"$ref":"#/components/schemas/t_Point","description":"where"}}})");
  CHECK(
      written(
          R"({"definitions":{"a b":{"type":"string"}},"properties":{"x":{"$ref":"#/definitions/a%20b"}}})") ==
      R"("t_a_b":{"type":"string"},"t":{"properties":{"x":{"$ref":"#/components/schemas/t_a_b"}}})");
  // zod-to-json-schema refers to earlier parts of the schema in this way.
  CHECK(
      written(
          R"({"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]},"b":{"$ref":"#/properties/a/anyOf/0"}}})") ==
      R"("t_part":{"type":"string"},"t":{"properties":{"a":{"anyOf":[{"$ref":"#/components/schemas/t_part"},{"type":"null"}]},"b":{"$ref":"#/components/schemas/t_part"}}})");
}

TEST_CASE("tool schemas: recursive schemas stay recursive") {
  CHECK(
      written(
          R"({"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#"}}}})") ==
      R"("t":{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#/components/schemas/t"}}}})");
  const std::string mutual = written(
      R"({"$defs":{"A":{"properties":{"b":{"$ref":"#/$defs/B"}}},"B":{"properties":{"a":{"$ref":"#/$defs/A"}}}},"$ref":"#/$defs/A"})");
  CHECK(mutual == R"("t_B":{"properties":{"a":{"$ref":"#/components/schemas/t_A"}}},)"
                  R"("t_A":{"properties":{"b":{"$ref":"#/components/schemas/t_B"}}},)"
                  R"("t":{"$ref":"#/components/schemas/t_A"})");
  // A target within another target is written once.
  CHECK(
      written(
          R"({"properties":{"a":{"properties":{"b":{"type":"string"}}},"c":{"$ref":"#/properties/a"},"d":{"$ref":"#/properties/a/properties/b"}}})") ==
      R"("t_b":{"type":"string"},"t_a":{"properties":{"b":{"$ref":"#/components/schemas/t_b"}}},)"
      R"("t":{"properties":{"a":{"$ref":"#/components/schemas/t_a"},"c":{"$ref":"#/components/schemas/t_a"},"d":{"$ref":"#/components/schemas/t_b"}}})");
}

TEST_CASE("tool schemas: anchors, dynamic references and ids of their own lead to components too") {
  CHECK(
      written(
          R"({"$defs":{"x":{"$anchor":"here","type":"string"}},"properties":{"a":{"$ref":"#here"}}})") ==
      R"("t_x":{"type":"string"},"t":{"properties":{"a":{"$ref":"#/components/schemas/t_x"}}})");
  CHECK(written(R"({"$dynamicAnchor":"node","properties":{"next":{"$dynamicRef":"#node"}}})") ==
        R"("t":{"properties":{"next":{"$ref":"#/components/schemas/t"}}})");
  CHECK(
      written(
          R"({"$id":"https://e.example/t.json","properties":{"a":{"$ref":"https://e.example/t.json#/properties/b"},"b":{"type":"string"}}})") ==
      R"("t_b":{"type":"string"},"t":{"properties":{"a":{"$ref":"#/components/schemas/t_b"},"b":{"$ref":"#/components/schemas/t_b"}}})");
  // Within a subschema with an $id, "#" is that subschema.
  CHECK(
      written(
          R"({"properties":{"a":{"$id":"part","properties":{"self":{"$ref":"#"}}},"b":{"$ref":"part"}}})") ==
      R"("t_a":{"properties":{"self":{"$ref":"#/components/schemas/t_a"}}},)"
      R"("t":{"properties":{"a":{"$ref":"#/components/schemas/t_a"},"b":{"$ref":"#/components/schemas/t_a"}}})");
}

TEST_CASE("tool schemas: a property that is named $ref is a property") {
  const std::string schema =
      R"({"type":"object","properties":{"$ref":{"type":"string"},"$id":{"type":"string"},"$defs":{"type":"object"}},"required":["$ref"]})";
  CHECK(written(schema) == R"("t":)" + schema);
}

TEST_CASE("tool schemas: references that lead nowhere, elsewhere or in a circle are left out") {
  for (const char* reference :
       {"#/$defs/none", "#none", "https://evil.example/schema.json", "file:///etc/passwd",
        "other.json", "#/properties", "#/required", "#/required/0", "#/%zz", "#/properties/a/type",
        "//evil.example/x", "#/$defs/none/deeper"}) {
    CAPTURE(reference);
    const std::string members =
        written(R"({"properties":{"a":{"type":"string"},"b":{"description":"d","$ref":")" +
                std::string(reference) + R"("}},"required":["a"]})");
    if (std::string_view(reference) == "#/properties") {
      CHECK(dangling(members).empty());  // not a schema, but an object: it is taken as one
    } else {
      CHECK(
          members ==
          R"("t":{"properties":{"a":{"type":"string"},"b":{"description":"d"}},"required":["a"]})");
    }
  }
  CHECK(written(R"({"$ref":"#"})") == R"("t":{})");
  CHECK(
      written(
          R"({"$defs":{"A":{"$ref":"#/$defs/B"},"B":{"$ref":"#/$defs/A"},"C":{"$ref":"#/$defs/A"}},"properties":{"a":{"$ref":"#/$defs/A"},"c":{"$ref":"#/$defs/C"}}})") ==
      R"("t":{"properties":{"a":{},"c":{}}})");
  CHECK(
      dangling(
          written(
              R"({"$defs":{"A":{"$ref":"#/$defs/B"},"B":{"$ref":"#/$defs/C"},"C":{"type":"string"}},"$ref":"#/$defs/A"})"))
          .empty());
}

TEST_CASE("tool schemas: lists of items and what follows them are those of 2020-12") {
  CHECK(
      written(
          R"({"type":"array","items":[{"type":"string"},{"type":"number"}],"additionalItems":false})") ==
      R"("t":{"type":"array","prefixItems":[{"type":"string"},{"type":"number"}],"items":false})");
  CHECK(written(R"({"type":"array","items":{"type":"string"},"additionalItems":false})") ==
        R"("t":{"type":"array","items":{"type":"string"}})");
}

TEST_CASE("tool schemas: keywords that are unknown, of a wrong type or there twice are left out") {
  CHECK(
      written(
          R"({"type":"banana","properties":5,"required":"a","enum":[],"allOf":[],"anyOf":{},"minimum":"1","minLength":-1,"maxLength":1.5,"uniqueItems":1,"description":7,"pattern":null,"items":3,"unknown":1,"discriminator":{"mapping":{"a":"#/x"}},"nullable":true,"$vocabulary":{},"title":"kept","title":"again","x-hint":{"a":[1]},"x-ref":{"$ref":"#"}})") ==
      R"("t":{"title":"kept","x-hint":{"a":[1]}})");
  CHECK(
      written(
          R"({"type":["string","null"],"dependencies":{"a":["b"],"c":{"type":"object"},"d":3},"dependentRequired":{"a":["b"],"c":3}})") ==
      R"("t":{"type":["string","null"],"dependencies":{"a":["b"],"c":{"type":"object"}},"dependentRequired":{"a":["b"]}})");
  CHECK(written(R"({"type":["string","string"]})") == R"("t":{})");
  CHECK(
      written(
          R"({"properties":{"a":true,"b":false,"c":null,"a":{"type":"null"}},"additionalProperties":true})") ==
      R"("t":{"properties":{"a":{},"b":{"not":{}},"c":{}},"additionalProperties":true})");
  for (const char* schema : {"null", "[]", "5", "\"x\"", "true"})
    CHECK(written(schema) == R"("t":{})");
  CHECK(written("false") == R"("t":{"not":{}})");
}

TEST_CASE("tool schemas: keywords of older drafts become those of 2020-12") {
  CHECK(
      written(
          R"({"type":"number","minimum":1.10,"exclusiveMinimum":true,"maximum":5,"exclusiveMaximum":false})") ==
      R"("t":{"type":"number","exclusiveMinimum":1.10,"maximum":5})");
  CHECK(written(R"({"exclusiveMaximum":true,"maximum":5,"exclusiveMinimum":true})") ==
        R"("t":{"exclusiveMaximum":5})");
  CHECK(written(R"({"minimum":1,"exclusiveMinimum":0})") ==
        R"("t":{"minimum":1,"exclusiveMinimum":0})");
  CHECK(written(R"({"id":"http://e.example/t","type":"any","divisibleBy":2,"extends":{}})") ==
        R"("t":{})");
  CHECK(
      written(
          R"({"properties":{"a":{"type":"string","required":true},"b":{"required":false},"required":{"type":"string"}}})") ==
      R"("t":{"properties":{"a":{"type":"string"},"b":{},"required":{"type":"string"}},"required":["a"]})");
  CHECK(written(R"({"required":["b","b"],"properties":{"a":{"required":true},"b":{}}})") ==
        R"("t":{"properties":{"a":{},"b":{}},"required":["b","a"]})");
}

TEST_CASE("tool schemas: an array says what its items are, and lists have no element twice") {
  CHECK(written(R"({"properties":{"ids":{"type":"array"},"more":{"type":["array","null"]}}})") ==
        R"("t":{"properties":{"ids":{"type":"array","items":{}},)"
        R"("more":{"type":["array","null"],"items":{}}}})");
  for (const char* items : {"null", "5", "[]", "\"x\""}) {
    CAPTURE(items);
    CHECK(written(R"({"type":"array","items":)" + std::string(items) + "}") ==
          R"("t":{"type":"array","items":{}})");
  }
  CHECK(written(R"({"type":"array","items":[{"type":"string"}]})") ==
        R"("t":{"type":"array","prefixItems":[{"type":"string"}],"items":{}})");
  const std::string told = R"({"type":"array","items":{"type":"string"}})";
  CHECK(written(told) == R"("t":)" + told);
  CHECK(written(R"({"enum":["a","b","a"],"required":["x","x"]})") ==
        R"("t":{"enum":["a","b"],"required":["x"]})");
}

TEST_CASE("tool schemas: what is changed is told by keyword, and what is kept is not") {
  const auto changed = [](const std::string& schema, SchemaForm form = {}) {
    ToolSchemas schemas;
    endpoints::ToolChanges changes;
    schemas.add("t", schema, form, changes);
    return changes.all();
  };
  using Texts = std::vector<std::string>;
  CHECK(
      changed(R"({"type":"object","properties":{"a":{"type":"string","default":null}}})").empty());
  CHECK(
      changed(
          R"({"$schema":"x","$id":"y","$defs":{"A":{}},"properties":{"a":{"$ref":"#/$defs/A"},"b":true}})")
          .empty());
  CHECK(changed(R"({"required":null,"discriminator":{}})") ==
        Texts{"required: left out", "discriminator: left out"});
  CHECK(changed(R"({"properties":{"a":{"$ref":"#/none"},"b":null}})") ==
        Texts{"$ref: left out", "b: not a schema"});
  CHECK(changed(R"({"type":"array"})") == Texts{"items: added to an array"});
  CHECK(changed("null", {.arguments = true}) == Texts{"schema: not a schema"});
  CHECK(changed(R"({"type":"string"})", {.arguments = true}) == Texts{"type: now object"});
  CHECK(changed(R"({"description":"long"})", {.longest_description = 2}) ==
        Texts{"description: cut"});
}

TEST_CASE("tool schemas: arguments are an object that names its properties") {
  const SchemaForm arguments{.arguments = true};
  const std::string least = R"("t":{"type":"object","properties":{}})";
  for (const char* schema :
       {"null", "[]", "5", "true", "false", "{}", R"({"type":"object"})", R"({"type":"string"})",
        R"({"type":["object","null"]})", R"({"properties":[]})"}) {
    CAPTURE(schema);
    CHECK(written(schema, arguments) == least);
  }
  CHECK(written(R"({"properties":{"a":{"type":"string"}}})", arguments) ==
        R"("t":{"type":"object","properties":{"a":{"type":"string"}}})");
  CHECK(
      written(
          R"({"$ref":"#/definitions/In","definitions":{"In":{"type":"object","properties":{"a":{}}}}})",
          arguments) ==
      R"("t_In":{"type":"object","properties":{"a":{}}},"t":{"type":"object","$ref":"#/components/schemas/t_In","properties":{}})");
}

TEST_CASE("tool schemas: depth, size and number have bounds, and no stack or time runs out") {
  std::string deep = R"({"type":"string"})";
  for (int i = 0; i < 490; ++i) deep = R"({"items":)" + deep + "}";
  const std::string cut = written(deep);
  CHECK(cut.size() < deep.size() / 4);
  CHECK(cut.find(R"({"items":{}})") != std::string::npos);

  std::string value = "1";
  for (int i = 0; i < 200; ++i) value = "[" + value + "]";
  CHECK(written(R"({"default":)" + value + R"(,"const":[1]})") == R"("t":{"const":[1]})");

  CHECK(written(R"({"description":")" + std::string(endpoints::kMaxSchema, 'x') + R"("})") ==
        R"("t":{})");

  // Each schema refers to the next. The sidecar follows no reference by recursion, and the limit of
  // components bounds the recursion of consumers.
  std::string chain = R"({"$defs":{)";
  for (int i = 0; i < 10'000; ++i) {
    chain += "\"d" + std::to_string(i) + R"(":{"properties":{"n":{"$ref":"#/$defs/d)" +
             std::to_string(i + 1) + R"("}}},)";
  }
  chain += R"("d10000":{"type":"null"}},"$ref":"#/$defs/d0"})";
  const std::string members = written(chain);
  CHECK(dangling(members).empty());
  CHECK(Json::parse("{" + members + "}").size() == endpoints::kMaxSchemaParts + 1);
  CHECK(members.find(R"("t_d255":{"properties":{"n":{}}})") != std::string::npos);
}

TEST_CASE("tool schemas: names are made of plain characters, and no two are the same") {
  ToolSchemas schemas;
  endpoints::ToolChanges changes;
  CHECK(
      schemas.add(
          "t",
          R"({"$defs":{"ä/ö":{},"ä?ö":{}},"allOf":[{"$ref":"#/$defs/ä~1ö"},{"$ref":"#/$defs/ä?ö"}]})",
          {}, changes) == "t");
  CHECK(schemas.add("t", "{}", {}, changes) == "t_2");
  CHECK(schemas.add("t", "{}", {}, changes) == "t_3");
  CHECK(schemas.add("t_2", "{}", {}, changes) == "t_2_2");
  const Json all = Json::parse("{" + schemas.members() + "}");
  std::vector<std::string> names;
  for (const auto& [name, schema] : all.items()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"t___2", "t__", "t", "t_2", "t_3", "t_2_2"});
}

TEST_CASE("tool schemas: descriptions are cut where they would be too long") {
  CHECK(written(R"({"description":"abcdef","items":{"description":"abc"}})",
                {.longest_description = 4}) ==
        R"("t":{"description":"abc…","items":{"description":"abc"}})");
  CHECK(endpoints::shortened("abcd", 4) == "abcd");
  CHECK(endpoints::shortened("abcde", 4) == "abc…");
  CHECK(endpoints::shortened("äöüß€", 4) == "äöü…");
  CHECK(endpoints::shortened("a😀b😀", 5) == "a😀b…");
  CHECK(endpoints::shortened("a😀b😀", 6) == "a😀b😀");
  CHECK(endpoints::shortened("abcde", 0) == "abcde");
  CHECK(endpoints::shortened("", 1).empty());
}
