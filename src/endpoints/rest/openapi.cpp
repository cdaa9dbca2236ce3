#include "endpoints/rest/openapi.hpp"

#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

#include "endpoints/rest/tool_functions.hpp"
#include "endpoints/rest/tool_schemas.hpp"
#include "endpoints/rest/tool_texts.hpp"
#include "jsonrpc/message.hpp"

namespace sidecar::endpoints {
namespace {

using Json = nlohmann::ordered_json;
using jsonrpc::string_token;

// Limits of GPT actions, in UTF-16 units.
constexpr std::size_t kActionText = 300;
constexpr std::size_t kActionParameterText = 700;

constexpr std::string_view kContentBlock =
    R"({"type":"object","description":"A content block of MCP.","required":["type"],"properties":{)"
    R"("type":{"type":"string","description":"text, image, audio, resource or resource_link"},)"
    R"("text":{"type":"string"},)"
    R"("data":{"type":"string","description":"of an image or audio, in base64"},)"
    R"("mimeType":{"type":"string"},)"
    R"("uri":{"type":"string"},"name":{"type":"string"},)"
    R"("resource":{"type":"object","properties":{}}}})";

constexpr std::string_view kToolContent =
    R"({"description":"The content of the result, or its structured content where it has some.","anyOf":[)"
    R"({"type":"array","items":{"$ref":"#/components/schemas/ContentBlock"}},{"type":"object","properties":{}}]})";

constexpr std::string_view kError =
    R"({"type":"object","required":["error"],"properties":{)"
    R"("success":{"type":"boolean","description":"false, where it is there"},)"
    R"("error":{"type":"string"},)"
    R"("message":{"type":"string","description":"more of it, where the request did not reach a tool"},)"
    R"("retryAfter":{"type":"integer","description":"seconds"},)"
    R"("content":{"type":"array","items":{"$ref":"#/components/schemas/ContentBlock"},"description":"what a tool said that failed"},)"
    R"("structuredContent":{"type":"object","properties":{},"description":"the same, as data"}}})";

struct Refusal {
  std::string_view status;
  std::string_view name;
  std::string_view description;
  bool retry_after = false;
  bool of_keys = false;  // only where a key is needed
};

constexpr Refusal kRefusals[] = {
    {"400", "BadArguments",
     "The body is no JSON object, or the tool does not take these arguments."},
    {"401", "Unauthorized", "A valid key or access token is needed.", false, true},
    {"403", "Forbidden", "This caller may not use this tool, or not from this address or origin."},
    {"404", "NoSuchTool", "There is no tool of this name."},
    {"413", "TooLarge", "The body is too large."},
    {"415", "NotJson", "The body is a form."},
    {"422", "ToolFailed", "The tool ran and reported a failure."},
    {"429", "TooManyRequests", "Too many requests.", true},
    {"500", "ServerError", "The MCP server answered with an error."},
    {"502", "BadResult", "The MCP server's result cannot be used."},
    {"503", "Unavailable", "The MCP server takes no calls now.", true},
    {"504", "Timeout", "The MCP server did not answer in time."},
};

std::string responses_of_all(bool needs_key) {
  Json all = Json::object();
  const Json body = {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}};
  for (const Refusal& refusal : kRefusals) {
    if (refusal.of_keys && !needs_key) continue;
    Json response = {{"description", refusal.description}};
    if (refusal.retry_after) {
      response["headers"]["Retry-After"] = {{"description", "Seconds until it may be tried again."},
                                            {"schema", {{"type", "integer"}}}};
    }
    response["content"] = body;
    all[std::string(refusal.name)] = std::move(response);
  }
  return all.dump();
}

std::string references_to_refusals(bool needs_key) {
  std::string text;
  for (const Refusal& refusal : kRefusals) {
    if (refusal.of_keys && !needs_key) continue;
    fmt::format_to(std::back_inserter(text), R"(,"{}":{{"$ref":"#/components/responses/{}"}})",
                   refusal.status, refusal.name);
  }
  return text;
}

// A text that was cut elsewhere may be invalid UTF-8; plain dump() would throw.
std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string head_of(const ApiIdentity& identity, const ApiFacts& facts) {
  const std::size_t longest = facts.for_actions ? kActionText : 0;
  Json info = {{"title", identity.title}, {"version", identity.version}};
  if (!identity.instructions.empty())
    info["description"] = shortened(identity.instructions, longest);
  return fmt::format(R"("openapi":"3.1.0","info":{},"servers":[{{"url":{}}}])", dumped(info),
                     string_token(facts.server));
}

struct Security {
  Json schemes = Json::object();
  Json requirements = Json::array();  // one of them is sufficient

  void add(const char* name, Json scheme, Json scopes = Json::array()) {
    schemes[name] = std::move(scheme);
    requirements.push_back({{name, std::move(scopes)}});
  }
};

Security security_of(const ApiFacts& facts) {
  Security security;
  if (!facts.needs_key) return security;
  Json bearer = {{"type", "http"}, {"scheme", "bearer"}};
  bearer["description"] =
      facts.issuer.empty() ? "A key." : "A key, or an access token of " + facts.issuer;
  security.add("bearer", std::move(bearer));
  if (facts.for_actions) return security;  // GPT actions support one scheme only
  security.add("apiKey", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}});
  if (!facts.issuer.empty()) {
    std::string_view issuer = facts.issuer;
    if (issuer.ends_with('/')) issuer.remove_suffix(1);
    security.add("accessToken",
                 {{"type", "openIdConnect"},
                  {"openIdConnectUrl", std::string(issuer) + "/.well-known/openid-configuration"}},
                 facts.scopes);
  }
  return security;
}

// Hints from a tool's annotations; the defaults if one of them occurs twice.
struct Hints {
  std::string title;
  bool read_only = false;

  static Hints of(const ListedTool& tool) {
    const std::string& text = tool.text();
    const auto [title, read_only] =
        jsonrpc::members(text, tool.place(ToolMember::kAnnotations), {"title", "readOnlyHint"});
    return {jsonrpc::string_value(title.in(text)).value_or(""), jsonrpc::is_true(text, read_only)};
  }
};

class Operations : public ToolDocument {
 public:
  Operations(bool for_actions, bool needs_key, ChangedTools& changed)
      : changed_(changed), for_actions_(for_actions), refusals_(references_to_refusals(needs_key)) {
    schemas_.add_own("ContentBlock", kContentBlock);
    schemas_.add_own("ToolContent", kToolContent);
    schemas_.add_own("Error", kError);
  }

  void add(const std::string& text, const ListedTool* listed) override {
    if (listed == nullptr) return report_left_out(text, changed_);
    too_large_ = too_large_ || bytes() + text.size() > kMaxDocument;
    if (too_large_) return;
    const ListedTool& tool = *listed;
    ToolChanges changes = changes_of_name(tool);
    const std::string input =
        schemas_.add(tool.function() + "_input", input_schema(tool),
                     {.arguments = true, .longest_description = parameter_text()}, changes);
    std::string output = "ToolContent";
    if (tool.raw(ToolMember::kOutputSchema).starts_with('{'))
      output = schemas_.add(tool.function() + "_output", tool.raw(ToolMember::kOutputSchema),
                            {.longest_description = parameter_text()}, changes);
    changed_.report(tool.name(), changes);
    auto out = std::back_inserter(paths_);
    fmt::format_to(out, R"({}{}:{{"post":{{"operationId":"{}",{})", paths_.empty() ? "" : ",",
                   string_token(tool.path()), tool.function(), texts(tool));
    fmt::format_to(
        out,
        R"("requestBody":{{"required":{},"content":{{"application/json":{{"schema":{{"$ref":"#/components/schemas/{}"}}}}}}}},)",
        needs_arguments(tool), input);
    fmt::format_to(
        out,
        R"("responses":{{"200":{{"description":"What the tool answers.","content":{{"application/json":{{"schema":{{"$ref":"#/components/schemas/{}"}}}}}}}}{}}},)",
        output, refusals_);
    fmt::format_to(out, R"("x-mcp-tool":{}{}}}}})", tool.raw(ToolMember::kName), extensions(tool));
  }

  Result<std::string> text() override {
    if (too_large_ || bytes() > kMaxDocument)
      return fail(
          fmt::format("the tools' descriptions and schemas are too large for a document of {} MB",
                      kMaxDocument >> 20));
    return fmt::format(R"("paths":{{{}}},"components":{{"schemas":{{{}}})", paths_,
                       schemas_.members());
  }

 private:
  std::size_t bytes() const { return paths_.size() + schemas_.members().size(); }
  std::size_t parameter_text() const { return for_actions_ ? kActionParameterText : 0; }

  // Members, each followed by a comma.
  std::string texts(const ListedTool& tool) const {
    const std::size_t longest = for_actions_ ? kActionText : 0;
    std::string title = tool.text_of(ToolMember::kTitle);
    if (title.empty()) title = Hints::of(tool).title;
    if (title.empty()) title = tool.name();
    std::string text =
        fmt::format(R"("summary":{},)", string_token(shortened(std::move(title), longest)));
    const std::string description = tool.text_of(ToolMember::kDescription);
    if (!description.empty())
      text += fmt::format(R"("description":{},)", string_token(shortened(description, longest)));
    return text;
  }

  // Members, each preceded by a comma.
  static std::string extensions(const ListedTool& tool) {
    const std::string_view annotations = tool.raw(ToolMember::kAnnotations);
    if (!annotations.starts_with('{')) return {};
    std::string text = fmt::format(R"(,"x-mcp-annotations":{})", annotations);
    // Without this, GPT actions ask the user before each call.
    if (Hints::of(tool).read_only) text += R"(,"x-openai-isConsequential":false)";
    return text;
  }

  static bool needs_arguments(const ListedTool& tool) {
    const jsonrpc::Span schema = tool.place(ToolMember::kInputSchema);
    const jsonrpc::Span names = jsonrpc::member(tool.text(), schema, "required");
    return !jsonrpc::elements(tool.text(), names).empty();
  }

  ChangedTools& changed_;
  const bool for_actions_;
  const std::string refusals_;
  ToolSchemas schemas_;
  std::string paths_;
  bool too_large_ = false;
};

}  // namespace

ApiIdentity ApiIdentity::of(const std::string& result) {
  ApiIdentity identity;
  const auto text = [&result](jsonrpc::Span place) {
    return jsonrpc::string_value(place.in(result)).value_or("");
  };
  const auto [info, instructions] =
      jsonrpc::members(result, jsonrpc::whole(result), {"serverInfo", "instructions"});
  const auto [title, name, version] = jsonrpc::members(result, info, {"title", "name", "version"});
  identity.instructions = text(instructions);
  for (const auto& [place, word] :
       {std::pair(name, &identity.title), std::pair(title, &identity.title),
        std::pair(version, &identity.version)}) {
    if (std::string given = text(place); !given.empty()) *word = std::move(given);
  }
  return identity;
}

std::unique_ptr<ToolDocument> openapi_tools(bool for_actions, bool needs_key,
                                            ChangedTools& changed) {
  return std::make_unique<Operations>(for_actions, needs_key, changed);
}

OpenApiFrame openapi_frame(const ApiIdentity& identity, const ApiFacts& facts) {
  OpenApiFrame frame{fmt::format("{{{},", head_of(identity, facts)),
                     fmt::format(R"(,"responses":{})", responses_of_all(facts.needs_key))};
  if (!facts.needs_key) {
    frame.tail += "}}";
    return frame;
  }
  const Security security = security_of(facts);
  frame.tail += fmt::format(R"(,"securitySchemes":{}}},"security":{}}})", dumped(security.schemes),
                            dumped(security.requirements));
  return frame;
}

}  // namespace sidecar::endpoints
