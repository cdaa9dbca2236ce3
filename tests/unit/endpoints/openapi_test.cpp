#include "endpoints/rest/openapi.hpp"

#include <nlohmann/json.hpp>

#include "support/catch.hpp"

using namespace sidecar;
using endpoints::ApiFacts;
using endpoints::ApiIdentity;
using endpoints::ToolDirectory;
using Json = nlohmann::ordered_json;

namespace {

ToolDirectory directory(std::vector<std::string> tools) {
  for (std::string& tool : tools) jsonrpc::pad(tool);
  return ToolDirectory(std::move(tools));
}

Result<std::string> made(std::unique_ptr<endpoints::ToolDocument> document,
                         const ToolDirectory& tools) {
  for (const auto& tool : tools.tools()) document->add(tool.text(), &tool);
  return document->text();
}

Result<std::string> openapi_document(const ToolDirectory& tools, const ApiIdentity& identity,
                                     const ApiFacts& facts) {
  observe::Log log = observe::make_null_log();
  endpoints::ChangedTools changed(log);
  auto text = made(endpoints::openapi_tools(facts.for_actions, facts.needs_key, changed), tools);
  if (!text) return text;
  const auto frame = endpoints::openapi_frame(identity, facts);
  return frame.head + *text + frame.tail;
}

std::string text_of(const std::vector<std::string>& tools, const ApiFacts& facts = {},
                    const ApiIdentity& identity = {}) {
  auto text = openapi_document(directory(tools), identity, facts);
  REQUIRE(text);
  return *text;
}

Json document(const std::vector<std::string>& tools, const ApiFacts& facts = {},
              const ApiIdentity& identity = {}) {
  return Json::parse(text_of(tools, facts, identity));
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

const std::string kAdd =
    R"({"name":"add","title":"Add","description":"Adds \u00e4.","inputSchema":{"type":"object","properties":{"a":{"type":"number","default":1.10}},"required":["a"]},"outputSchema":{"type":"object","properties":{"sum":{"type":"number"}}},"annotations":{"readOnlyHint":true,"n":1e400}})";

}  // namespace

TEST_CASE("openapi: a tool becomes one operation, with all that it says of itself") {
  const std::string text = text_of({kAdd}, {.server = "https://mcp.example.com/p"});
  CHECK(text.find(R"("default":1.10)") != std::string::npos);
  CHECK(text.find(R"("x-mcp-annotations":{"readOnlyHint":true,"n":1e400})") != std::string::npos);
  // 1e400 is valid JSON, but nlohmann's parser rejects it.
  std::string readable = text;
  readable.replace(readable.find("1e400"), 5, "1");
  const Json all = Json::parse(readable);
  CHECK(all["openapi"] == "3.1.0");
  CHECK(all["servers"] == Json::parse(R"([{"url":"https://mcp.example.com/p"}])"));
  CHECK(keys(all["paths"]) == std::vector<std::string>{"/tools/add"});
  CHECK(keys(all["paths"]["/tools/add"]) == std::vector<std::string>{"post"});
  const Json& post = all["paths"]["/tools/add"]["post"];
  CHECK(post["operationId"] == "add");
  CHECK(post["summary"] == "Add");
  CHECK(post["description"] == "Adds ä.");
  CHECK(post["x-mcp-tool"] == "add");
  CHECK(post["x-openai-isConsequential"] == false);
  CHECK(post["requestBody"]["required"] == true);
  CHECK(post["requestBody"]["content"]["application/json"]["schema"]["$ref"] ==
        "#/components/schemas/add_input");
  CHECK(post["responses"]["200"]["content"]["application/json"]["schema"]["$ref"] ==
        "#/components/schemas/add_output");
  CHECK(keys(post["responses"]) == std::vector<std::string>{"200", "400", "403", "404", "413",
                                                            "415", "422", "429", "500", "502",
                                                            "503", "504"});
  for (const auto& [status, response] : post["responses"].items()) {
    if (status == "200") continue;
    const std::string name =
        std::string(response["$ref"]).substr(std::string("#/components/responses/").size());
    CHECK(all["components"]["responses"].contains(name));
  }
  CHECK(all["components"]["responses"]["Unavailable"]["headers"].contains("Retry-After"));
  CHECK(all["components"]["schemas"]["add_input"]["properties"]["a"]["type"] == "number");
  CHECK_FALSE(all.contains("security"));
  CHECK_FALSE(all["components"].contains("securitySchemes"));
}

TEST_CASE("openapi: a tool that says nothing of itself gets what an operation needs") {
  const Json all = document(
      {R"({"name":"t"})",
       R"({"name":"u","inputSchema":{"type":"object","required":[]},"description":5,"title":"","annotations":[]})",
       R"({"name":"v","annotations":{"title":"By hint","readOnlyHint":"yes"}})"});
  const Json& post = all["paths"]["/tools/t"]["post"];
  CHECK(post["summary"] == "t");
  CHECK_FALSE(post.contains("description"));
  CHECK(post["requestBody"]["required"] == false);
  CHECK(all["components"]["schemas"]["t_input"] ==
        Json::parse(R"({"type":"object","properties":{}})"));
  CHECK(post["responses"]["200"]["content"]["application/json"]["schema"]["$ref"] ==
        "#/components/schemas/ToolContent");
  CHECK_FALSE(post.contains("x-mcp-annotations"));
  CHECK(all["paths"]["/tools/u"]["post"]["requestBody"]["required"] == false);
  CHECK(all["paths"]["/tools/v"]["post"]["summary"] == "By hint");
  CHECK_FALSE(all["paths"]["/tools/v"]["post"].contains("x-openai-isConsequential"));
}

TEST_CASE("openapi: no tools are a document too") {
  const Json all = document({});
  CHECK(all["paths"] == Json::object());
  CHECK(all["info"] == Json::parse(R"({"title":"MCP server","version":"0"})"));
  CHECK(all["servers"][0]["url"] == "/");
}

TEST_CASE("openapi: names of any kind have unique operations, found by path") {
  const Json all =
      document({R"({"name":"a/b"})", R"({"name":"a b"})", R"({"name":".."})", R"({"name":"a_b"})",
                R"({"name":"a_b"})", R"({"name":"\u65e5\u672c"})"});
  std::vector<std::string> ids;
  for (const auto& [path, item] : all["paths"].items()) {
    ids.push_back(item["post"]["operationId"]);
    CHECK(all["components"]["schemas"].contains(ids.back() + "_input"));
  }
  CHECK(ids.size() == 5);
  std::sort(ids.begin(), ids.end());
  CHECK(std::unique(ids.begin(), ids.end()) == ids.end());
  CHECK(all["paths"]["/tools/a%2Fb"]["post"]["x-mcp-tool"] == "a/b");
  CHECK(all["paths"]["/tools/%E6%97%A5%E6%9C%AC"]["post"]["x-mcp-tool"] == "日本");
}

TEST_CASE("openapi: where a key is needed, any of the ways to show it is enough") {
  const Json keys_only = document({R"({"name":"add"})"}, {.needs_key = true});
  CHECK(keys(keys_only["components"]["securitySchemes"]) ==
        std::vector<std::string>{"bearer", "apiKey"});
  CHECK(keys_only["security"] == Json::parse(R"([{"bearer":[]},{"apiKey":[]}])"));
  CHECK(keys_only["paths"]["/tools/add"]["post"]["responses"].contains("401"));
  CHECK(keys_only["components"]["responses"].contains("Unauthorized"));

  const ApiFacts tokens{.needs_key = true, .issuer = "https://id.example/", .scopes = {"mcp:use"}};
  const Json with_tokens = document({}, tokens);
  CHECK(with_tokens["components"]["securitySchemes"]["accessToken"]["openIdConnectUrl"] ==
        "https://id.example/.well-known/openid-configuration");
  CHECK(with_tokens["security"][2] == Json::parse(R"({"accessToken":["mcp:use"]})"));
}

TEST_CASE(
    "openapi: for GPT actions texts keep within their limits, and one way to authenticate is "
    "left") {
  const std::string longer(1000, 'x');
  const std::string tool = R"({"name":"t","title":")" + longer + R"(","description":")" + longer +
                           R"(","inputSchema":{"properties":{"a":{"description":")" + longer +
                           R"("}}}})";
  const ApiIdentity identity{.instructions = longer};
  const Json whole = document({tool}, {}, identity);
  CHECK(whole["paths"]["/tools/t"]["post"]["description"] == longer);
  CHECK(whole["info"]["description"] == longer);
  CHECK(whole["components"]["schemas"]["t_input"]["properties"]["a"]["description"] == longer);
  const Json cut = document(
      {tool}, {.needs_key = true, .issuer = "https://id.example", .for_actions = true}, identity);
  const std::string most = std::string(299, 'x') + "…";
  CHECK(cut["paths"]["/tools/t"]["post"]["description"] == most);
  CHECK(cut["paths"]["/tools/t"]["post"]["summary"] == most);
  CHECK(cut["info"]["description"] == most);
  CHECK(cut["components"]["schemas"]["t_input"]["properties"]["a"]["description"] ==
        std::string(699, 'x') + "…");
  CHECK(keys(cut["components"]["securitySchemes"]) == std::vector<std::string>{"bearer"});
}

TEST_CASE("openapi: a document has a largest size") {
  std::vector<std::string> tools;
  for (int i = 0; i < 40; ++i)
    tools.push_back(R"({"name":"t)" + std::to_string(i) + R"(","description":")" +
                    std::string(500'000, 'x') + R"("})");
  const auto text = openapi_document(directory(tools), {}, {});
  REQUIRE_FALSE(text);
  CHECK(text.error().message.find("16 MB") != std::string::npos);
}

TEST_CASE("openapi: what the server says of itself, as far as it does") {
  const auto identity = [](std::string result) {
    jsonrpc::pad(result);
    return ApiIdentity::of(result);
  };
  const ApiIdentity all = identity(
      R"({"serverInfo":{"name":"n","title":"T","version":"1.2"},"instructions":"do \"this\""})");
  CHECK(all.title == "T");
  CHECK(all.version == "1.2");
  CHECK(all.instructions == "do \"this\"");
  CHECK(identity(R"({"serverInfo":{"name":"n","title":""}})").title == "n");
  for (const char* poor :
       {"{}", "[]", R"({"serverInfo":5,"instructions":{}})",
        R"({"serverInfo":{"name":1,"version":2}})", R"({"serverInfo":{"name":"a","name":"b"}})"}) {
    CHECK(identity(poor).title == "MCP server");
    CHECK(identity(poor).version == "0");
    CHECK(identity(poor).instructions.empty());
  }
}
