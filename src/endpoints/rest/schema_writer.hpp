// SchemaWriter: writes the JSON Schema of a tool anew, as JSON Schema 2020-12 that strict readers
// accept. It keeps the keywords that 2020-12 knows, each with a value of its type
// (schema_keywords.hpp), and translates those of older drafts:
//   exclusiveMinimum: true beside minimum (draft 4)  exclusiveMinimum: the number
//   required: true in a property (draft 3)           required: its name, in the object
//   items: a list of schemas                         prefixItems
// An array without `items` gets `{}`; equal elements of `required` and `enum` are written once.
// References that lead nowhere, out of the schema, or only to further references in a cycle are
// left out; the targets of all others become parts, each a text of its own. Values (enum, const,
// default, examples) and numbers are copied unchanged. No state beyond one schema; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "endpoints/rest/tool_changes.hpp"

namespace sidecar::endpoints {

struct SchemaForm {
  // For the arguments of a call: consumers require `type` "object" and `properties`.
  bool arguments = false;
  // OpenAI's functions: at the top there is no $ref, anyOf, oneOf, allOf, enum, const or not. Their
  // alternatives are merged into `properties`, and what all of them require into `required`.
  bool plain_top = false;
  // Limit of `description` in UTF-16 units; longer texts are cut. 0: no limit.
  std::size_t longest_description = 0;
};

// Where the parts of a schema go.
struct SchemaParts {
  std::string root;         // value of a reference to the whole schema
  std::string_view prefix;  // of a reference to a part; its name follows
  // An unused name for a part; `key`: the name of the member that it was, or empty.
  std::function<std::string(const std::string& key)> name;
  std::function<void(const std::string& name, const std::string& text)> add;
};

// Bytes. A larger schema is replaced by one that allows anything, or any object for arguments.
inline constexpr std::size_t kMaxSchema = 1 << 20;
// Subschemas nested deeper are replaced by `{}`, which allows anything; values are left out.
inline constexpr int kMaxSchemaDepth = 64;
// Parts of one schema; limited because consumers follow references by recursion. References to
// further targets, in the order of the text, are removed.
inline constexpr std::size_t kMaxSchemaParts = 256;

// Adds the parts, where possible each after those that it refers to, and returns the schema itself.
// `schema` is valid JSON; JSON that is not a schema is taken as one that allows anything.
std::string write_schema(std::string_view schema, SchemaForm form, const SchemaParts& parts,
                         ToolChanges& changes);

}  // namespace sidecar::endpoints
