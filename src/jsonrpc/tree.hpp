// Tree: where each value of a JSON text stands, as one flat list in the order of the text. For
// parts that rewrite a text which others wrote: what they do not change is copied as the bytes it
// was. Knows nothing of what the values mean. Built and read without recursion. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::jsonrpc {

class Tree {
 public:
  using Index = std::uint32_t;
  static constexpr Index kRoot = 0;

  enum class Type : std::uint8_t { kObject, kArray, kString, kNumber, kBoolean, kNull };

  // REQUIRES: `text` is one valid JSON value, as parse() and find_members() see to, below 4 GB. It
  // outlives the tree.
  explicit Tree(std::string_view text);

  // Children of `at` are first(at), end(first(at)), and so on until end(at).
  static Index first(Index at) { return at + 1; }
  Index end(Index at) const { return nodes_[at].end; }
  Index size() const { return static_cast<Index>(nodes_.size()); }

  Type type(Index at) const;
  std::string_view text(Index at) const { return text_.substr(nodes_[at].begin, nodes_[at].size); }
  // The token of the member's name, with its quotes; empty for what is no member of an object.
  std::string_view key_token(Index at) const {
    return text_.substr(nodes_[at].key, nodes_[at].key_size);
  }
  // The member's name, escapes undone as far as they can be.
  std::string key(Index at) const { return plain(key_token(at)); }
  // The text that a string stands for. REQUIRES: type(at) == kString.
  std::string string(Index at) const { return plain(text(at)); }
  int depth(Index at) const { return nodes_[at].depth; }

 private:
  struct Node {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    std::uint32_t key = 0;
    std::uint32_t key_size = 0;
    Index end = 0;
    int depth = 0;
  };

  static std::string plain(std::string_view token);

  std::string_view text_;
  std::vector<Node> nodes_;
};

}  // namespace sidecar::jsonrpc
