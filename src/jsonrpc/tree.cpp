#include "jsonrpc/tree.hpp"

#include <algorithm>

#include "jsonrpc/message.hpp"

namespace sidecar::jsonrpc {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

}  // namespace

Tree::Tree(std::string_view text) : text_(text) {
  std::vector<Index> open;
  std::string_view key;
  for (std::size_t at = 0;
       (at = text.find_first_not_of(" \t\r\n,:", at)) != std::string_view::npos;) {
    const char kind = text[at];
    if (kind == '}' || kind == ']') {
      Node& closed = nodes_[open.back()];
      closed.size = static_cast<std::uint32_t>(++at - closed.begin);
      closed.end = size();
      open.pop_back();
      continue;
    }
    std::size_t end = at + 1;
    if (kind == '"') {
      end = string_end(text, at);
      const std::size_t next = text.find_first_not_of(kSpaces, end);
      if (key.empty() && next != std::string_view::npos && text[next] == ':') {
        key = text.substr(at, end - at);
        at = end;
        continue;
      }
    } else if (kind != '{' && kind != '[') {
      end = std::min(text.find_first_of(" \t\r\n,]}", at), text.size());
    }
    Node node{.begin = static_cast<std::uint32_t>(at),
              .size = static_cast<std::uint32_t>(end - at),
              .end = size() + 1,
              .depth = static_cast<int>(open.size())};
    if (!key.empty()) {
      node.key = static_cast<std::uint32_t>(key.data() - text.data());
      node.key_size = static_cast<std::uint32_t>(key.size());
      key = {};
    }
    if (kind == '{' || kind == '[') open.push_back(size());
    nodes_.push_back(node);
    at = end;
  }
}

Tree::Type Tree::type(Index at) const {
  switch (text_[nodes_[at].begin]) {
    case '{':
      return Type::kObject;
    case '[':
      return Type::kArray;
    case '"':
      return Type::kString;
    case 't':
    case 'f':
      return Type::kBoolean;
    case 'n':
      return Type::kNull;
    default:
      return Type::kNumber;
  }
}

// A lone surrogate has no text, so a string that contains one keeps its escapes.
std::string Tree::plain(std::string_view token) {
  if (token.find('\\') == std::string_view::npos)
    return token.empty() ? std::string() : std::string(token.substr(1, token.size() - 2));
  return string_value(token).value_or(std::string(token));
}

}  // namespace sidecar::jsonrpc
