// ToolDocument: a text made of a list of tools, one after the other, so that it can be made in
// slices.
#pragma once

#include <string>

#include "endpoints/rest/tool_directory.hpp"
#include "util/result.hpp"

namespace sidecar::endpoints {

class ToolDocument {
 public:
  virtual ~ToolDocument() = default;
  // The next element of the list; `tool`: as which it is in the directory, nullptr when it is not.
  virtual void add(const std::string& text, const ListedTool* tool) = 0;
  // After the last tool. Errors: why there is no such document.
  virtual Result<std::string> text() = 0;
};

}  // namespace sidecar::endpoints
