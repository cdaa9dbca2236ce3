// Tree: the position of every value of a JSON text, as one flat list in text order. Code that edits
// a received text uses it, so that everything it does not change is copied byte for byte. Knows
// nothing of the meaning of values. Built and read without recursion. Any thread.
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

  // REQUIRES: `text` is one valid JSON value below 4 GB (parse() and find_members() validate) and
  // outlives the tree.
  explicit Tree(std::string_view text);

  // The children of `at` are first(at), end(first(at)), and so on until end(at).
  static Index first(Index at) { return at + 1; }
  Index end(Index at) const { return nodes_[at].end; }
  Index size() const { return static_cast<Index>(nodes_.size()); }

  Type type(Index at) const;
  std::string_view text(Index at) const { return text_.substr(nodes_[at].begin, nodes_[at].size); }
  // The token of the member's name, with its quotes; empty if the value is not a member.
  std::string_view key_token(Index at) const {
    return text_.substr(nodes_[at].key, nodes_[at].key_size);
  }
  // The member's name without escapes; with them if it has a lone surrogate.
  std::string key(Index at) const { return plain(key_token(at)); }
  // The value of a string, as key(). REQUIRES: type(at) == kString.
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
