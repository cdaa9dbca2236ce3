// ToolDocument: builds a text from a list of tools, one tool at a time, so that it can be built in
// slices. Owned by ToolList until the text is built.
#pragma once

#include <string>

#include "endpoints/rest/tool_directory.hpp"
#include "util/result.hpp"

namespace sidecar::endpoints {

class ToolDocument {
 public:
  virtual ~ToolDocument() = default;
  // Adds the next element of the list. `tool`: its directory entry; nullptr: it has none.
  virtual void add(const std::string& text, const ListedTool* tool) = 0;
  // Call once, after the last tool. Errors: why the document cannot be made.
  virtual Result<std::string> text() = 0;
};

}  // namespace sidecar::endpoints
