// MergedArguments: the properties of an object schema together with those of its alternatives and
// references, for consumers that accept neither at the top of a schema. What is valid by the schema
// is valid by the merged one, not always the other way round. Views of the tree's text; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "endpoints/rest/schema_references.hpp"
#include "jsonrpc/tree.hpp"

namespace sidecar::endpoints {

// The names that the schema at `at` requires, as tokens, each once: those of `required`, if that is
// a list of strings, and those of properties with `required: true` (draft 3).
std::vector<std::string_view> required_names(const jsonrpc::Tree& tree, jsonrpc::Tree::Index at);

struct MergedArguments {
  struct Property {
    std::string_view name;                      // token
    std::vector<jsonrpc::Tree::Index> schemas;  // of all places that have it; no two are equal
  };

  // Merges the whole schema. Of allOf and references everything counts; of anyOf and oneOf every
  // property, and what all alternatives require.
  MergedArguments(const jsonrpc::Tree& tree, const SchemaReferences& references);

  std::vector<Property> properties;
  std::vector<std::string_view> required;  // tokens
};

}  // namespace sidecar::endpoints
