// Tool directory: the tools of one list, under every name that leads to one of them. A tool has its own name,
// any text at all; a function name, as OpenAI and code generators want it ([A-Za-z0-9_-], 1 to 64
// characters); and a path. The function name of a tool is its own name where that fits, else what of it fits
// and a hash of it: it does not depend on what else is in the list. Plain data; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "jsonrpc/message.hpp"

namespace sidecar::transport {

enum class ToolMember { kName, kTitle, kDescription, kInputSchema, kOutputSchema, kAnnotations };

class ListedTool {
 public:
  const std::string& text() const { return text_; }  // the whole object, as the server wrote it
  // A member's bytes; empty when it is not there.
  std::string_view raw(ToolMember member) const {
    return places_[static_cast<std::size_t>(member)].in(text_);
  }
  // The text of a member that is a string; else empty.
  std::string text_of(ToolMember member) const;

  const std::string& name() const { return name_; }
  const std::string& function() const { return function_; }
  // "/tools/…", percent-encoded: the name, or the function name where that one would not survive in a path.
  std::string path() const;

 private:
  friend class ToolDirectory;

  std::string text_;
  std::vector<jsonrpc::Span> places_;  // by ToolMember
  std::string name_;
  std::string function_;
};

class ToolDirectory {
 public:
  static constexpr std::string_view kPath = "/tools/";

  // `tools` as tools/list has them, padded. What has no name that one could call is left out, and so is a
  // second tool of a name, and one in which a name occurs twice.
  explicit ToolDirectory(std::vector<std::string> tools);

  // In the order of the list.
  const std::vector<ListedTool>& tools() const { return tools_; }
  // By its name, or else by its function name; nullptr when there is none.
  const ListedTool* find(const std::string& name) const;

 private:
  void name_functions();

  std::vector<ListedTool> tools_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<std::string, std::size_t> by_function_;
};

// Whether a name is made as function names are that differ from their tool's.
bool looks_like_function_name(std::string_view name);

}  // namespace sidecar::transport
