// ToolHints: the tools whose calls may be repeated if the child died during the call: those that
// the server annotates as read-only or idempotent. Taken from every result of `tools/list`. MCP
// 2025-11-25, Tools, Tool annotations. Owned by Multiplexer. Loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "jsonrpc/message.hpp"

namespace sidecar::mux {

class ToolHints {
 public:
  static constexpr std::size_t kMax = 10'000;  // tools; later ones are not repeatable

  // `result`: of a tools/list, in `text`. `first_page`: the tools known before are dropped.
  void learn(const std::string& text, jsonrpc::Span result, bool first_page);
  // `name`: as a JSON string token.
  bool repeatable(std::string_view name) const;
  void clear() { repeatable_.clear(); }

 private:
  std::unordered_set<std::string> repeatable_;  // unescaped names
};

}  // namespace sidecar::mux
