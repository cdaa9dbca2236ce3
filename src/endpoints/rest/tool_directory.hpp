// ToolDirectory: the tools of one list, indexed by name and by function name. A tool has a name,
// which may be any text; a function name, as OpenAI and code generators require it ([A-Za-z0-9_-],
// 1 to 64 characters); and a path. The function name is the name itself if that is valid, else the
// valid part of the name and a hash of it; barring collisions it does not depend on other tools.
// Plain data; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "jsonrpc/read.hpp"

namespace sidecar::endpoints {

enum class ToolMember { kName, kTitle, kDescription, kInputSchema, kOutputSchema, kAnnotations };
inline constexpr std::size_t kToolMembers = 6;

class ListedTool {
 public:
  const std::string& text() const { return *text_; }  // the whole object, as the server wrote it
  // The position of a member in text(); absent if it is missing.
  jsonrpc::Span place(ToolMember member) const { return places_[static_cast<std::size_t>(member)]; }
  std::string_view raw(ToolMember member) const { return place(member).in(*text_); }
  // The value of a string member; empty if it is missing or not a string.
  std::string text_of(ToolMember member) const;

  const std::string& name() const { return name_; }
  const std::string& function() const { return function_; }
  // "/tools/…", percent-encoded, with the name; with the function name if clients or proxies would
  // change the name in a path, or if it is too long.
  std::string path() const;

 private:
  friend class ToolDirectory;

  const std::string* text_ = nullptr;               // element of ToolDirectory::texts()
  std::array<jsonrpc::Span, kToolMembers> places_;  // by ToolMember
  std::string name_;
  std::string function_;
};

class ToolDirectory {
 public:
  static constexpr std::string_view kPath = "/tools/";

  // `tools` as in tools/list, padded. Left out are tools without a usable name, further tools of
  // the same name, and tools in which a member occurs twice.
  explicit ToolDirectory(std::vector<std::string> tools);
  // A directory that read_next() reads, one tool at a time.
  static ToolDirectory unread(std::vector<std::string> tools);
  ToolDirectory(ToolDirectory&&) = default;

  // Reads the next tool and returns the cost in bytes; 0 once all tools have been read.
  std::size_t read_next();

  // The whole list, including the tools that tools() leaves out.
  const std::vector<std::string>& texts() const { return texts_; }
  // In the order of the list.
  const std::vector<ListedTool>& tools() const { return tools_; }
  // Finds a tool by its name, else by its function name; nullptr: none.
  const ListedTool* find(const std::string& name) const;
  // The same for a name from a path, else for that name without one slash at its end.
  const ListedTool* find_in_path(const std::string& name) const;

 private:
  ToolDirectory() = default;
  void finish();
  void name_functions();

  std::vector<std::string> texts_;
  std::size_t read_ = 0;  // number of texts_ that have been read
  bool finished_ = false;
  std::unordered_set<std::string> names_;  // of the tools read so far
  std::vector<ListedTool> tools_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<std::string, std::size_t> by_function_;
};

// A name without one slash at its end; a single slash stays.
std::string_view without_slash(std::string_view name);

// Whether a name has the form of a function name with a hash.
bool looks_like_function_name(std::string_view name);

}  // namespace sidecar::endpoints
