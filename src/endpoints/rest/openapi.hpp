// OpenAPI: the tools of one list as an OpenAPI 3.1 document, one operation `POST /tools/<name>`
// each, and as functions for OpenAI. Pure functions of the list and of what is true for the caller:
// the same tools give the same bytes. Texts, annotations and values of the tools are put in as they
// were written; their schemas become components (transport/tool_schemas.hpp). Any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "endpoints/rest/tool_document.hpp"
#include "util/result.hpp"

namespace sidecar::endpoints {

struct ApiFacts {
  std::string server = "/";  // URL that paths are added to
  bool needs_key = false;
  std::string issuer{};  // of access tokens; empty: none are accepted
  std::vector<std::string> scopes{};
  // The form that GPT actions import: texts within their limits, one way to authenticate.
  bool for_actions = false;
};

// What an InitializeResult says of the wrapped server.
struct ApiIdentity {
  std::string title = "MCP server";
  std::string version = "0";
  std::string instructions{};

  // `result`: the object, padded. What is missing in it, or of another type, stays as above.
  static ApiIdentity of(const std::string& result);
};

inline constexpr std::size_t kMaxDocument = 16 << 20;

// The part of the document that the tools decide: `paths` and `components.schemas`. Errors: it
// would be larger than kMaxDocument.
std::unique_ptr<ToolDocument> openapi_tools(bool for_actions, bool needs_key);

// What goes around it: the document is head + openapi_tools() + tail.
struct OpenApiFrame {
  std::string head;
  std::string tail;
};
OpenApiFrame openapi_frame(const ApiIdentity& identity, const ApiFacts& facts);

enum class FunctionFormat {
  kChat,       // {"type":"function","function":{"name","description","parameters"}}
  kResponses,  // {"type":"function","name","description","parameters","strict":false}
};

// An array for `tools` of a request to OpenAI. `parameters` is the input schema, made an object
// with `properties` where it does not say so; names are function names; descriptions are cut at
// 1024 characters.
std::unique_ptr<ToolDocument> openai_functions(FunctionFormat format);

}  // namespace sidecar::endpoints
