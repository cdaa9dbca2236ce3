// ToolSchemas: the schemas of tools as `components/schemas` of an OpenAPI 3.1 document.
//
// In such a document "#" is the document itself, and many consumers support only references of the
// form "#/components/schemas/NAME". So every target of a reference within a schema becomes a
// component, and $id, $anchor, $defs and $schema are removed. Also removed are references that lead
// nowhere, out of the schema, or only to further references in a cycle, and keywords that JSON
// Schema 2020-12 does not have or whose value has the wrong type: one bad schema must not make the
// document unusable. Values (enum, const, default, examples) and numbers are copied unchanged.
// No state beyond one document; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sidecar::endpoints {

struct SchemaForm {
  // For a request's body: consumers require `type` "object" and `properties`.
  bool arguments = false;
  // Limit of `description` in UTF-16 units; longer texts are cut. 0: no limit.
  std::size_t longest_description = 0;
};

class ToolSchemas {
 public:
  // Bytes. A larger schema is replaced by one that allows anything, or any object for arguments.
  static constexpr std::size_t kMaxSchema = 1 << 20;
  // Subschemas nested deeper are replaced by `{}`, which allows anything; values are left out.
  static constexpr int kMaxDepth = 64;
  // Components of one schema besides itself; limited because consumers follow references by
  // recursion. References to further targets, in the order of the text, are removed.
  static constexpr std::size_t kMaxParts = 256;

  // Adds a component and returns its name: `name`, with a number appended if that is taken.
  // `schema` is valid JSON; JSON that is not a schema is taken as one that allows anything.
  std::string add(std::string_view name, std::string_view schema, SchemaForm form);
  // Adds a component of the sidecar itself. REQUIRES: the name is not taken.
  void add_own(const std::string& name, std::string_view schema);

  // The members of `components.schemas`. Where possible, a component follows those that it refers
  // to.
  const std::string& members() const { return members_; }

 private:
  class Writer;

  std::string unused(std::string_view name);
  void append(const std::string& name, std::string_view schema);

  std::unordered_map<std::string, unsigned> taken_;  // name → the number tried last
  std::string members_;
};

// `text` if it has at most `longest` UTF-16 units, else its beginning and "…"; 0: no limit.
std::string shortened(std::string text, std::size_t longest);

// `text` as a valid name of a component or function: each run of other characters than
// [A-Za-z0-9_-] becomes one "_".
std::string plain_name(std::string_view text);

}  // namespace sidecar::endpoints
