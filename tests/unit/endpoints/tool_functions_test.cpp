#include "endpoints/rest/tool_functions.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "support/catch.hpp"

using namespace sidecar;
using endpoints::FunctionFormat;
using endpoints::ToolDirectory;
using Json = nlohmann::ordered_json;

namespace {

ToolDirectory directory(std::vector<std::string> tools) {
  for (std::string& tool : tools) jsonrpc::pad(tool);
  return ToolDirectory(std::move(tools));
}

std::string functions(const ToolDirectory& tools, FunctionFormat format) {
  observe::Log log = observe::make_null_log();
  endpoints::ChangedTools changed(log);
  const auto document = endpoints::tool_functions(format, changed);
  auto tool = tools.tools().begin();
  for (const std::string& text : tools.texts()) {
    const bool listed = tool != tools.tools().end() && &tool->text() == &text;
    document->add(text, listed ? &*tool++ : nullptr);
  }
  return *document->text();
}

std::string parameters(const std::string& schema) {
  const std::string all =
      functions(directory({R"({"name":"t","inputSchema":)" + schema + "}"}), FunctionFormat::kChat);
  CHECK(Json::accept(all));
  const std::string before = R"([{"type":"function","function":{"name":"t","parameters":)";
  CHECK(all.rfind(before, 0) == 0);
  return all.substr(before.size(), all.size() - before.size() - 3);
}

const std::string kAdd =
    R"({"name":"add","title":"Add","description":"Adds \u00e4.","inputSchema":{"type":"object","properties":{"a":{"type":"number","default":1.10}},"required":["a"]}})";
const std::string kNoArguments = R"({"type":"object","properties":{}})";

}  // namespace

TEST_CASE("tool functions: each format, with the schema as it was") {
  const ToolDirectory tools = directory({kAdd, R"({"name":"a b"})"});
  const std::string schema =
      R"({"type":"object","properties":{"a":{"type":"number","default":1.10}},"required":["a"]})";
  const std::string mapped = tools.tools()[1].function();
  CHECK(functions(tools, FunctionFormat::kChat) ==
        R"([{"type":"function","function":{"name":"add","description":"Adds ä.","parameters":)" +
            schema + R"(}},{"type":"function","function":{"name":")" + mapped +
            R"(","parameters":)" + kNoArguments + "}}]");
  CHECK(functions(tools, FunctionFormat::kResponses) ==
        R"([{"type":"function","name":"add","description":"Adds ä.","parameters":)" + schema +
            R"(,"strict":false},{"type":"function","name":")" + mapped + R"(","parameters":)" +
            kNoArguments + R"(,"strict":false}])");
  CHECK(
      functions(tools, FunctionFormat::kVapi) ==
      R"({"success":true,"count":2,"functions":[{"name":"add","description":"Adds ä.","parameters":)" +
          schema + R"(},{"name":")" + mapped + R"(","description":"","parameters":)" +
          kNoArguments + "}]}");
  CHECK(functions(directory({}), FunctionFormat::kChat) == "[]");
}

TEST_CASE("tool functions: parameters are an object that names its properties") {
  for (const char* schema : {"{}", "{ }", "null", "[]", "5", "true", R"({"type":"a","type":"b"})",
                             R"({"type":"object"})", R"({"type":["object","null"],"properties":5})",
                             R"({"properties":[]})", R"({"properties":null,"required":null})"}) {
    CAPTURE(schema);
    CHECK(parameters(schema) == kNoArguments);
  }
}

TEST_CASE("tool functions: a schema that is not changed keeps its dialect") {
  CHECK(parameters(R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object"})") ==
        R"({"type":"object","properties":{},"$schema":"http://json-schema.org/draft-07/schema#"})");
  CHECK(
      parameters(
          R"({"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"minimum":1,"exclusiveMinimum":true}}})") ==
      R"({"type":"object","properties":{"a":{"exclusiveMinimum":1}}})");
}

TEST_CASE("tool functions: references lead into $defs of the same function, or are left out") {
  CHECK(
      parameters(
          R"({"definitions":{"x y":{"type":"string"},"z":{}},"properties":{"a":{"$ref":"#/definitions/x%20y"},"b":{"$ref":"#/$defs/None"},"c":{"$ref":"#"}}})") ==
      R"({"type":"object","properties":{"a":{"$ref":"#/$defs/x_y"},"b":{},"c":{"$ref":"#"}},"$defs":{"x_y":{"type":"string"}}})");
  CHECK(
      parameters(
          R"({"$defs":{"N":{"properties":{"next":{"$ref":"#/$defs/N"}}}},"properties":{"n":{"$ref":"#/$defs/N"}}})") ==
      R"({"type":"object","properties":{"n":{"$ref":"#/$defs/N"}},"$defs":{"N":{"properties":{"next":{"$ref":"#/$defs/N"}}}}})");
}

TEST_CASE("tool functions: alternatives at the top become properties") {
  CHECK(parameters(R"({"type":"object","oneOf":[{"type":"object"}]})") == kNoArguments);
  CHECK(
      parameters(
          R"({"properties":{"k":{"type":"string"}},"required":["k"],"anyOf":[{"properties":{"a":{"type":"string"},"b":{}},"required":["a","b"]},{"properties":{"a":{"type":"number"},"b":{}},"required":["b"]},{"type":"null"}]})") ==
      R"({"type":"object","properties":{"k":{"type":"string"},"a":{"anyOf":[{"type":"string"},{"type":"number"}]},"b":{}},"required":["k","b"]})");
  CHECK(
      parameters(
          R"({"allOf":[{"$ref":"#/$defs/A"},{"properties":{"b":{}},"required":["b"]}],"$defs":{"A":{"properties":{"a":{}},"required":["a"]}}})") ==
      R"({"type":"object","properties":{"a":{},"b":{}},"required":["a","b"]})");
  // zod-to-json-schema writes a named schema so.
  CHECK(
      parameters(
          R"({"$ref":"#/definitions/In","definitions":{"In":{"type":"object","properties":{"in":{"$ref":"#/definitions/In"}},"required":["in"]}}})") ==
      R"({"type":"object","properties":{"in":{"$ref":"#/$defs/In"}},"required":["in"],"$defs":{"In":{"type":"object","properties":{"in":{"$ref":"#/$defs/In"}},"required":["in"]}}})");
  CHECK(parameters(R"({"enum":[{}],"not":{},"const":{},"properties":{"a":{"enum":[1]}}})") ==
        R"({"type":"object","properties":{"a":{"enum":[1]}}})");
  CHECK(parameters(R"({"anyOf":null,"allOf":[],"oneOf":{}})") == kNoArguments);
  // Below the top they stay.
  const std::string below =
      R"({"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}})";
  CHECK(parameters(below) == below);
}

TEST_CASE("tool functions: references that multiply alternatives have an end") {
  std::string schema = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 20; ++i) {
    const std::string next = R"({"$ref":"#/$defs/d)" + std::to_string(i + 1) + R"("})";
    schema += "\"d" + std::to_string(i) + R"(":{"allOf":[)";
    for (int n = 0; n < 20; ++n) schema += (n == 0 ? "" : ",") + next;
    schema += "]},";
  }
  schema += R"("d20":{"properties":{"a":{}}}}})";
  CHECK(parameters(schema).size() < schema.size());
}

TEST_CASE("tool functions: descriptions are texts that OpenAI takes") {
  const auto function = [](const std::string& members) {
    return Json::parse(functions(directory({R"({"name":"t",)" + members + "}"}),
                                 FunctionFormat::kChat))[0]["function"];
  };
  for (const char* none : {"null", "5", "[]", "\"\""})
    CHECK_FALSE(function(R"("description":)" + std::string(none)).contains("description"));
  CHECK(function(R"("description":")" + std::string(2000, 'x') + '"')["description"] ==
        std::string(1023, 'x') + "…");
  const Json property =
      function(R"("inputSchema":{"properties":{"a":{"description":null},"b":{"description":")" +
               std::string(5000, 'x') + R"("}}})")["parameters"]["properties"];
  CHECK(property["a"] == Json::object());
  CHECK(property["b"]["description"] == std::string(4095, 'x') + "…");
}

TEST_CASE("tool functions: names fit, and no two are the same") {
  const Json all = Json::parse(functions(
      directory({R"({"name":"a/b"})", R"({"name":"a.b"})", R"({"name":"a"})", R"({"name":"a"})",
                 R"({"name":")" + std::string(65, 'x') + R"("})", R"({"name":""})", "null"}),
      FunctionFormat::kVapi));
  CHECK(all["count"] == 4);
  std::set<std::string> names;
  for (const Json& each : all["functions"]) {
    names.insert(each["name"]);
    CHECK(names.rbegin()->size() <= 64);
  }
  CHECK(names.size() == 4);
}
