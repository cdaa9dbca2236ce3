// ToolSchemas: the schemas of tools as `components/schemas` of an OpenAPI 3.1 document.
//
// In such a document "#" is the document itself, and many consumers support only references of the
// form "#/components/schemas/NAME". So every target of a reference within a schema becomes a
// component, and $id, $anchor, $defs and $schema are removed. The schemas are cleaned
// (schema_writer), because one bad schema must not make the document unusable.
// No state beyond one document; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "endpoints/rest/schema_writer.hpp"
#include "endpoints/rest/tool_changes.hpp"

namespace sidecar::endpoints {

class ToolSchemas {
 public:
  // Adds a component and returns its name: `name`, with a number appended if that is taken.
  // `schema` as for write_schema().
  std::string add(std::string_view name, std::string_view schema, SchemaForm form,
                  ToolChanges& changes);
  // Adds a component of the sidecar itself. REQUIRES: the name is not taken.
  void add_own(const std::string& name, std::string_view schema);

  // The members of `components.schemas`. Where possible, a component follows those that it refers
  // to.
  const std::string& members() const { return members_; }

 private:
  std::string unused(std::string_view name);
  void append(const std::string& name, std::string_view schema);

  std::unordered_map<std::string, unsigned> taken_;  // name → the number tried last
  std::string members_;
};

}  // namespace sidecar::endpoints
