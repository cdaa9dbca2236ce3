#include "mux/tool_hints.hpp"

#include <array>

namespace sidecar::mux {
namespace {

bool is_true(const std::string& text, jsonrpc::Span place) { return place.in(text) == "true"; }

// Also false if the annotations are missing or unreadable.
bool says_repeatable(const std::string& text, jsonrpc::Span annotations) {
  static constexpr std::array<std::string_view, 2> kNames = {"readOnlyHint", "idempotentHint"};
  if (!annotations) return false;
  const auto hints = jsonrpc::find_members(text, kNames, annotations);
  return hints && (is_true(text, (*hints)[0]) || is_true(text, (*hints)[1]));
}

}  // namespace

void ToolHints::learn(const std::string& text, jsonrpc::Span result, bool first_page) {
  static constexpr std::array<std::string_view, 1> kTools = {"tools"};
  static constexpr std::array<std::string_view, 2> kNames = {"name", "annotations"};
  if (first_page) repeatable_.clear();
  const auto list = jsonrpc::find_members(text, kTools, result);
  if (!list || !(*list)[0]) return;
  const auto tools = jsonrpc::find_elements(text, (*list)[0]);
  if (!tools) return;
  for (const jsonrpc::Span tool : *tools) {
    if (repeatable_.size() >= kMax) return;
    const auto places = jsonrpc::find_members(text, kNames, tool);
    if (!places || !says_repeatable(text, (*places)[1])) continue;
    if (auto name = jsonrpc::string_value((*places)[0].in(text)))
      repeatable_.insert(std::move(*name));
  }
}

bool ToolHints::repeatable(std::string_view name) const {
  if (repeatable_.empty() || name.size() < 2) return false;
  if (name.find('\\') == std::string_view::npos)
    return repeatable_.contains(std::string(name.substr(1, name.size() - 2)));
  const auto unescaped = jsonrpc::string_value(name);
  return unescaped && repeatable_.contains(*unescaped);
}

}  // namespace sidecar::mux
