// ToolChanges: what is changed of one tool for OpenAPI and function lists. A plain value.
// ChangedTools: logs each change of each tool once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "observe/log.hpp"

namespace sidecar::endpoints {

class ToolChanges {
 public:
  static constexpr std::size_t kMax = 16;  // further changes are only counted

  // `what`: a member of the tool or a keyword of its schema; `change`: what became of it.
  void add(std::string_view what, std::string_view change);

  // "what: change"; without repetitions.
  const std::vector<std::string>& all() const { return all_; }
  std::size_t count() const { return count_; }

 private:
  std::vector<std::string> all_;
  std::size_t count_ = 0;
};

// Owned by ToolCalls; loop thread only.
class ChangedTools {
 public:
  // Changes that are remembered. Beyond it nothing is logged any more, which one line tells.
  static constexpr std::size_t kMaxKnown = 4096;

  explicit ChangedTools(observe::Log& log) : log_(log) {}

  // One line with those changes of the tool that were not logged before.
  void report(std::string_view tool, const ToolChanges& changes);

 private:
  observe::Log& log_;
  std::unordered_set<std::uint64_t> known_;  // hashes of tool and change
};

}  // namespace sidecar::endpoints
