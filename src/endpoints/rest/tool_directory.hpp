// Tool directory: the tools of one list, under every name that leads to one of them. A tool has its
// own name, any text at all; a function name, as OpenAI and code generators want it ([A-Za-z0-9_-],
// 1 to 64 characters); and a path. The function name of a tool is its own name where that fits,
// else what of it fits and a hash of it: it does not depend on what else is in the list. Plain
// data; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "jsonrpc/message.hpp"

namespace sidecar::endpoints {

enum class ToolMember { kName, kTitle, kDescription, kInputSchema, kOutputSchema, kAnnotations };

class ListedTool {
 public:
  const std::string& text() const { return *text_; }  // the whole object, as the server wrote it
  // A member's bytes; empty when it is not there.
  std::string_view raw(ToolMember member) const {
    return places_[static_cast<std::size_t>(member)].in(*text_);
  }
  // The text of a member that is a string; else empty.
  std::string text_of(ToolMember member) const;

  const std::string& name() const { return name_; }
  const std::string& function() const { return function_; }
  // "/tools/…", percent-encoded: the name, or the function name where that one would not survive in
  // a path.
  std::string path() const;

 private:
  friend class ToolDirectory;

  const std::string* text_ = nullptr;  // ToolDirectory::texts() has it
  std::vector<jsonrpc::Span> places_;  // by ToolMember
  std::string name_;
  std::string function_;
};

class ToolDirectory {
 public:
  static constexpr std::string_view kPath = "/tools/";

  // `tools` as tools/list has them, padded. What has no name that one could call is left out, and
  // so is a second tool of a name, and one in which a name occurs twice.
  explicit ToolDirectory(std::vector<std::string> tools);
  // To be read by read_next(), a tool at a time.
  static ToolDirectory unread(std::vector<std::string> tools);
  ToolDirectory(ToolDirectory&&) = default;

  // Reads the next tool and returns what that cost, as bytes; 0 when all have been read, and from
  // then on.
  std::size_t read_next();

  // All of the list, also what is left out below.
  const std::vector<std::string>& texts() const { return texts_; }
  // In the order of the list.
  const std::vector<ListedTool>& tools() const { return tools_; }
  // By its name, or else by its function name; nullptr when there is none.
  const ListedTool* find(const std::string& name) const;

 private:
  ToolDirectory() = default;
  void finish();
  void name_functions();

  std::vector<std::string> texts_;
  std::size_t read_ = 0;  // of texts_
  bool finished_ = false;
  std::unordered_set<std::string> names_;  // that were read
  std::vector<ListedTool> tools_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<std::string, std::size_t> by_function_;
};

// Whether a name is made as function names are that differ from their tool's.
bool looks_like_function_name(std::string_view name);

}  // namespace sidecar::endpoints
