#include "endpoints/rest/tool_directory.hpp"

#include <unordered_set>
#include <utility>

#include "endpoints/rest/tool_texts.hpp"
#include "http/percent.hpp"
#include "util/crypto.hpp"

namespace sidecar::endpoints {
namespace {

constexpr std::size_t kMaxFunction = 64;
constexpr std::size_t kMinHash = 8;
// Bytes of one tool besides its text: its names in two tables.
constexpr std::size_t kCost = 300;
constexpr std::size_t kMaxInPath = 1024;  // bytes, encoded; request targets are limited too

constexpr std::string_view kMembers[kToolMembers] = {"name",        "title",        "description",
                                                     "inputSchema", "outputSchema", "annotations"};

bool fits_function(std::string_view name) {
  return !name.empty() && name.size() <= kMaxFunction && plain_name(name) == name;
}

// Clients and proxies remove empty segments and dot segments from a path, encoded or not.
bool survives_in_path(std::string_view name) {
  if (name.find_first_of(std::string_view("\0\\", 2)) != std::string_view::npos) return false;
  for (;;) {
    const std::string_view segment = name.substr(0, name.find('/'));
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (segment.size() == name.size()) return true;
    name.remove_prefix(segment.size() + 1);
  }
}

std::string encoded_segment(std::string_view name) {
  std::string encoded;
  for (const char c : http::percent_encoded(name)) {
    if (c == '/')
      encoded += "%2F";
    else
      encoded += c;
  }
  return encoded;
}

}  // namespace

std::string ListedTool::text_of(ToolMember member) const {
  return jsonrpc::string_value(raw(member)).value_or("");
}

std::string ListedTool::path() const {
  std::string path(ToolDirectory::kPath);
  if (survives_in_path(name_)) {
    const std::string encoded = encoded_segment(name_);
    if (encoded.size() <= kMaxInPath) return path + encoded;
  }
  return path + function_;
}

ToolDirectory::ToolDirectory(std::vector<std::string> tools) : texts_(std::move(tools)) {
  while (read_next() > 0) {
  }
}

ToolDirectory ToolDirectory::unread(std::vector<std::string> tools) {
  ToolDirectory directory;
  directory.texts_ = std::move(tools);
  return directory;
}

std::size_t ToolDirectory::read_next() {
  if (read_ == texts_.size()) {
    if (!std::exchange(finished_, true)) finish();
    return 0;
  }
  const std::string& text = texts_[read_++];
  const std::size_t cost = text.size() + kCost;
  const auto places = jsonrpc::find_members(text, jsonrpc::whole(text), kMembers);
  if (!places) return cost;
  ListedTool tool;
  tool.text_ = &text;
  tool.places_ = *places;
  tool.name_ = tool.text_of(ToolMember::kName);
  if (!tool.name_.empty() && names_.insert(tool.name_).second) tools_.push_back(std::move(tool));
  return cost;
}

void ToolDirectory::finish() {
  names_ = {};
  name_functions();
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    by_name_.emplace(tools_[i].name_, i);
    by_function_.emplace(tools_[i].function_, i);
  }
}

// Tools whose own name is valid come first, so that no hashed name can take it.
void ToolDirectory::name_functions() {
  std::unordered_set<std::string> taken;
  for (ListedTool& tool : tools_) {
    if (fits_function(tool.name_)) taken.insert(tool.function_ = tool.name_);
  }
  for (ListedTool& tool : tools_) {
    if (!tool.function_.empty()) continue;
    const std::string plain = plain_name(tool.name_);
    const std::string hash = sha256_hex(tool.name_);
    for (std::size_t size = kMinHash; size < kMaxFunction && tool.function_.empty(); ++size) {
      std::string name = plain.substr(0, kMaxFunction - 1 - size) + '_' + hash.substr(0, size);
      if (taken.insert(name).second) tool.function_ = std::move(name);
    }
  }
  // Only a list crafted for collisions leaves a tool without a function name.
  std::erase_if(tools_, [](const ListedTool& tool) { return tool.function_.empty(); });
}

const ListedTool* ToolDirectory::find(const std::string& name) const {
  for (const auto* names : {&by_name_, &by_function_}) {
    if (const auto found = names->find(name); found != names->end()) return &tools_[found->second];
  }
  return nullptr;
}

const ListedTool* ToolDirectory::find_in_path(const std::string& name) const {
  const ListedTool* tool = find(name);
  return tool != nullptr ? tool : find(std::string(without_slash(name)));
}

std::string_view without_slash(std::string_view name) {
  if (name.size() > 1 && name.ends_with('/')) name.remove_suffix(1);
  return name;
}

bool looks_like_function_name(std::string_view name) {
  const std::size_t bar = name.rfind('_');
  if (bar == std::string_view::npos || name.size() - bar - 1 < kMinHash || !fits_function(name))
    return false;
  return name.find_first_not_of("0123456789abcdef", bar + 1) == std::string_view::npos;
}

}  // namespace sidecar::endpoints
