#include "endpoints/rest/tool_functions.hpp"

#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <unordered_set>

#include "endpoints/rest/schema_writer.hpp"
#include "endpoints/rest/tool_texts.hpp"
#include "jsonrpc/message.hpp"

namespace sidecar::endpoints {
namespace {

using jsonrpc::string_token;

// UTF-16 units. OpenAI refuses longer descriptions of functions.
constexpr std::size_t kFunctionText = 1024;
constexpr std::size_t kParameterText = 4096;

// The input schema of a function, with its parts in `$defs`.
std::string parameters_of(const ListedTool& tool, ToolChanges& changes) {
  std::string definitions;
  std::unordered_set<std::string> taken;
  const SchemaParts parts{.root = "#",
                          .prefix = "#/$defs/",
                          .name =
                              [&taken](const std::string& key) {
                                const std::string base = key.empty() ? "part" : key;
                                std::string name = base;
                                for (int number = 2; !taken.insert(name).second; ++number)
                                  name = fmt::format("{}_{}", base, number);
                                return name;
                              },
                          .add =
                              [&definitions](const std::string& name, const std::string& text) {
                                fmt::format_to(std::back_inserter(definitions), R"({}"{}":{})",
                                               definitions.empty() ? "" : ",", name, text);
                              }};
  const std::size_t before = changes.count();
  std::string schema =
      write_schema(input_schema(tool),
                   {.arguments = true, .plain_top = true, .longest_description = kParameterText},
                   parts, changes);
  std::string more;
  if (!definitions.empty()) more += fmt::format(R"(,"$defs":{{{}}})", definitions);
  // A schema that was changed may not be one of its dialect any more.
  const std::string_view dialect =
      jsonrpc::member(tool.text(), tool.place(ToolMember::kInputSchema), "$schema").in(tool.text());
  if (changes.count() == before && dialect.starts_with('"'))
    more += fmt::format(R"(,"$schema":{})", dialect);
  return schema.insert(schema.size() - 1, more);
}

class Functions : public ToolDocument {
 public:
  Functions(FunctionFormat format, ChangedTools& changed) : format_(format), changed_(changed) {}

  void add(const std::string& text, const ListedTool* listed) override {
    if (listed == nullptr) return report_left_out(text, changed_);
    const ListedTool& tool = *listed;
    ToolChanges changes = changes_of_name(tool);
    std::string members = fmt::format(R"("name":"{}")", tool.function());
    const std::string_view given = tool.raw(ToolMember::kDescription);
    if (!given.empty() && !given.starts_with('"')) changes.add("description", "left out");
    const std::string whole = tool.text_of(ToolMember::kDescription);
    const std::string description = shortened(whole, kFunctionText);
    if (description != whole) changes.add("description", "cut");
    if (!description.empty() || format_ == FunctionFormat::kVapi)
      members += fmt::format(R"(,"description":{})", string_token(description));
    members += fmt::format(R"(,"parameters":{})", parameters_of(tool, changes));
    append(members);
    changed_.report(tool.name(), changes);
  }

  Result<std::string> text() override {
    if (format_ == FunctionFormat::kVapi)
      return fmt::format(R"({{"success":true,"count":{},"functions":[{}]}})", count_, all_);
    return '[' + std::move(all_) + ']';
  }

 private:
  void append(const std::string& members) {
    if (count_++ > 0) all_ += ',';
    switch (format_) {
      case FunctionFormat::kChat:
        all_.append(R"({"type":"function","function":{)").append(members).append("}}");
        break;
      case FunctionFormat::kResponses:
        // The Responses API is strict by default; few tool schemas meet its rules.
        all_.append(R"({"type":"function",)").append(members).append(R"(,"strict":false})");
        break;
      case FunctionFormat::kVapi:
        all_.append("{").append(members).append("}");
        break;
    }
  }

  const FunctionFormat format_;
  ChangedTools& changed_;
  std::string all_;
  std::size_t count_ = 0;
};

}  // namespace

std::unique_ptr<ToolDocument> tool_functions(FunctionFormat format, ChangedTools& changed) {
  return std::make_unique<Functions>(format, changed);
}

std::string_view input_schema(const ListedTool& tool) {
  const std::string_view raw = tool.raw(ToolMember::kInputSchema);
  return raw.empty() ? R"({"type":"object","properties":{}})" : raw;
}

ToolChanges changes_of_name(const ListedTool& tool) {
  ToolChanges changes;
  if (tool.function() != tool.name()) changes.add("name", "now " + tool.function());
  return changes;
}

void report_left_out(const std::string& text, ChangedTools& changed) {
  ToolChanges changes;
  changes.add("tool", "left out, its name is missing, ambiguous or taken");
  changed.report(jsonrpc::string_member(text, jsonrpc::whole(text), "name").value_or(""), changes);
}

}  // namespace sidecar::endpoints
