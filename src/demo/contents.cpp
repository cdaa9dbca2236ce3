#include "demo/contents.hpp"

#include <fmt/format.h>
#include <utility>

namespace sidecar::demo {
namespace {

constexpr const char* kReadmeUri = "demo://readme";
constexpr const char* kStatusUri = "demo://status";
constexpr const char* kPrompt = "introduce";

constexpr const char* kReadme =
    "# mcp-sidecar-demo\n\n"
    "A small MCP server that comes with mcp-sidecar, so that there is something to wrap at "
    "once.\n\n"
    "- Tools: `echo`, `add`, `time`, `sleep` (with progress, can be cancelled)\n"
    "- Resources: `demo://readme` (this text), `demo://status` (changes with every read)\n"
    "- Prompt: `introduce` with the argument `name`\n";

Json text_contents(const char* uri, const char* mime_type, std::string text) {
  return {{"contents",
           Json::array({{{"uri", uri}, {"mimeType", mime_type}, {"text", std::move(text)}}})}};
}

}  // namespace

Json list_resources() {
  return Json::array({
      {{"uri", kReadmeUri},
       {"name", "readme"},
       {"title", "About this server"},
       {"mimeType", "text/markdown"}},
      {{"uri", kStatusUri},
       {"name", "status"},
       {"title", "Server status"},
       {"mimeType", "application/json"}},
  });
}

Json read_resource(const std::string& uri, const Status& status) {
  if (uri == kReadmeUri) return text_contents(kReadmeUri, "text/markdown", kReadme);
  if (uri == kStatusUri) {
    const Json facts = {{"uptimeSeconds", status.uptime.count()},
                        {"requests", status.requests},
                        {"sleepingCalls", status.sleeping_calls}};
    return text_contents(kStatusUri, "application/json", facts.dump());
  }
  throw RpcError{kResourceNotFound, "Resource not found", {{"uri", uri}}};
}

Json list_prompts() {
  return Json::array({{{"name", kPrompt},
                       {"title", "Introduce"},
                       {"description", "Asks for a short introduction of this server."},
                       {"arguments", Json::array({{{"name", "name"},
                                                   {"description", "Name of the person to address"},
                                                   {"required", true}}})}}});
}

Json get_prompt(const std::string& name, const Json& arguments) {
  if (name != kPrompt) throw RpcError{kInvalidParams, fmt::format("Unknown prompt: {}", name)};
  const auto person = arguments.find("name");
  if (person == arguments.end() || !person->is_string()) {
    throw RpcError{kInvalidParams, "The prompt 'introduce' needs the argument 'name', a string"};
  }
  const std::string text =
      fmt::format("Introduce this MCP server to {} in two sentences, and say which tools it has.",
                  person->get<std::string>());
  return {{"description", "An introduction"},
          {"messages",
           Json::array({{{"role", "user"}, {"content", {{"type", "text"}, {"text", text}}}}})}};
}

}  // namespace sidecar::demo
