// SchemaReferences: where the references within a JSON Schema lead: $ref, $dynamicRef and
// $recursiveRef, by JSON pointer (RFC 6901), $anchor, $dynamicAnchor or $id. Those that lead
// nowhere, out of the schema, or only to references for ever are none. Made once for a schema; any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "jsonrpc/tree.hpp"

namespace sidecar::endpoints {

class SchemaReferences {
 public:
  using Index = jsonrpc::Tree::Index;

  // References to other places than the `most` first ones of the text are none either. The tree is
  // not kept.
  SchemaReferences(const jsonrpc::Tree& tree, std::size_t most);

  static bool is_keyword(std::string_view name);

  // Where the reference in the schema at `at` leads; nothing when it has none that is of use. With
  // several, $ref counts.
  std::optional<Index> target(Index at) const;
  // All places that something refers to, in the order of the text.
  std::vector<Index> targets() const;

 private:
  std::unordered_map<Index, Index> targets_;  // schema with a reference → where it leads
};

}  // namespace sidecar::endpoints
