// OpenAPI: the tools of one list as an OpenAPI 3.1 document, one operation `POST /tools/<name>`
// each. Functions of the list and of ApiFacts: the same tools give the same bytes. Texts,
// annotations and values of the tools are copied unchanged; their schemas become components
// (endpoints/rest/tool_schemas.hpp). Loop thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "endpoints/rest/tool_changes.hpp"
#include "endpoints/rest/tool_document.hpp"
#include "util/result.hpp"

namespace sidecar::endpoints {

// Facts about the caller's access to the API.
struct ApiFacts {
  std::string server = "/";  // base URL of the paths
  bool needs_key = false;
  std::string issuer{};  // of access tokens; empty: none are accepted
  std::vector<std::string> scopes{};
  // For import into GPT actions: texts within their limits, one security scheme.
  bool for_actions = false;
};

// The wrapped server's identity, from its InitializeResult.
struct ApiIdentity {
  std::string title = "MCP server";
  std::string version = "0";
  std::string instructions{};

  // `result`: the object, padded. A member that is missing or of another type keeps its default.
  static ApiIdentity of(const std::string& result);
};

inline constexpr std::size_t kMaxDocument = 16 << 20;  // bytes

// The part of the document that depends on the tools: `paths` and `components.schemas`.
// Errors: it would be larger than kMaxDocument. `changed` outlives the document.
std::unique_ptr<ToolDocument> openapi_tools(bool for_actions, bool needs_key,
                                            ChangedTools& changed);

// The rest of the document, which is head + openapi_tools() + tail.
struct OpenApiFrame {
  std::string head;
  std::string tail;
};
OpenApiFrame openapi_frame(const ApiIdentity& identity, const ApiFacts& facts);

}  // namespace sidecar::endpoints
