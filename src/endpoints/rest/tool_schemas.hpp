// Tool schemas: the schemas of tools as `components/schemas` of an OpenAPI 3.1 document. There "#"
// is the document, and many readers know references of the form "#/components/schemas/NAME" only:
// so whatever a schema refers to within itself becomes a component of its own, and $id, $anchor,
// $defs and $schema go. References that lead nowhere, out of the schema or only to themselves are
// left out, and so are keywords that JSON Schema 2020-12 does not know, or whose value is not of
// its type: one careless tool must not spoil the document for all others. Values (enum, const,
// default, examples) and numbers stay what they were. No state beyond one document; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sidecar::endpoints {

struct SchemaForm {
  // For a request's body, of which readers want that it is an object and names its properties.
  bool arguments = false;
  // Longer texts in `description` are cut, in UTF-16 units; 0: none is.
  std::size_t longest_description = 0;
};

class ToolSchemas {
 public:
  // A larger schema is not looked into: anything, or any object where it is for arguments.
  static constexpr std::size_t kMaxSchema = 1 << 20;
  // Schemas within schemas beyond this depth are `{}`, anything; values nested deeper are left out.
  static constexpr int kMaxDepth = 64;
  // Components that one schema may become, besides itself: readers follow references by recursion.
  // Those that stand behind in the schema are not referred to any more.
  static constexpr std::size_t kMaxParts = 256;

  // Adds a component and returns its name: `name`, or with a number behind it when that is taken.
  // `schema` is valid JSON; what is no schema counts as one that allows anything.
  std::string add(std::string_view name, std::string_view schema, SchemaForm form);
  // Adds a component of our own; the name is free.
  void add_own(const std::string& name, std::string_view schema);

  // The members of `components.schemas`. Where it can be, a component stands behind those that it
  // refers to.
  const std::string& members() const { return members_; }

 private:
  class Writer;

  std::string unused(std::string_view name);
  void append(const std::string& name, std::string_view schema);

  std::unordered_map<std::string, unsigned> taken_;  // name → the number tried last
  std::string members_;
};

// `text` if it has at most `longest` UTF-16 units, else its beginning and "…"; 0: as it is.
std::string shortened(std::string text, std::size_t longest);

// The characters of `text` that may be in the names of components and functions; others, as many as
// follow one another, become one "_".
std::string plain_name(std::string_view text);

}  // namespace sidecar::endpoints
