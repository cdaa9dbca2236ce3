// ToolHints: which tools may be called once more when the child died with a call: those that their
// server annotates as read-only or idempotent. Learnt from every `tools/list` that passes. MCP
// 2025-11-25, Tools, Tool annotations. Owned by Multiplexer. Loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "jsonrpc/message.hpp"

namespace sidecar::mux {

class ToolHints {
 public:
  static constexpr std::size_t kMax = 10'000;  // tools that are remembered

  // `result`: of a tools/list in `text`. `first_page`: what was known before no longer holds.
  void learn(const std::string& text, jsonrpc::Span result, bool first_page);
  // `name`: as a JSON string token.
  bool repeatable(std::string_view name) const;
  void clear() { repeatable_.clear(); }

 private:
  std::unordered_set<std::string> repeatable_;  // names, escapes undone
};

}  // namespace sidecar::mux
