#include "endpoints/rest/tool_changes.hpp"

#include <algorithm>
#include <functional>

#include "endpoints/rest/tool_texts.hpp"

namespace sidecar::endpoints {
namespace {

constexpr std::size_t kMaxWhat = 60;   // UTF-16 units of a keyword
constexpr std::size_t kMaxTool = 128;  // of a tool's name

}  // namespace

void ToolChanges::add(std::string_view what, std::string_view change) {
  ++count_;
  if (all_.size() >= kMax) return;
  std::string text = shortened(std::string(what), kMaxWhat).append(": ").append(change);
  if (std::ranges::find(all_, text) == all_.end()) all_.push_back(std::move(text));
}

void ChangedTools::report(std::string_view tool, const ToolChanges& changes) {
  std::string fresh;
  for (const std::string& change : changes.all()) {
    if (known_.size() > kMaxKnown) break;
    const std::string key = std::string(tool).append(1, '\0').append(change);
    if (!known_.insert(std::hash<std::string>{}(key)).second) continue;
    if (known_.size() <= kMaxKnown)
      fresh.append(fresh.empty() ? "" : "; ").append(change);
    else
      log_.info("further changed tools are not logged");
  }
  if (fresh.empty()) return;
  log_.info("tool changed for OpenAPI and function lists",
            {{"tool", shortened(std::string(tool), kMaxTool)}, {"changes", fresh}});
}

}  // namespace sidecar::endpoints
