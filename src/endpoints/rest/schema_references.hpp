// SchemaReferences: resolves the references within a JSON Schema: $ref, $dynamicRef and
// $recursiveRef, by JSON pointer (RFC 6901), $anchor, $dynamicAnchor or $id. References that lead
// nowhere, out of the schema, or only to further references in a cycle are ignored. Built once per
// schema; any thread.
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

  // Keeps references to the first `most` targets in the text; all others are ignored. The tree is
  // not kept.
  SchemaReferences(const jsonrpc::Tree& tree, std::size_t most);

  static bool is_keyword(std::string_view name);

  // The target of the reference in the schema at `at`; nullopt: it has no usable one. If it has
  // several, $ref takes precedence.
  std::optional<Index> target(Index at) const;
  // All targets, in the order of the text.
  std::vector<Index> targets() const;

 private:
  std::unordered_map<Index, Index> targets_;  // schema with a reference → its target
};

}  // namespace sidecar::endpoints
