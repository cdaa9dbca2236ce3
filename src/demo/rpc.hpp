// JSON-RPC 2.0 as MCP uses it: error codes, and the reply that every request gets once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "demo/json.hpp"

namespace sidecar::demo {

enum ErrorCode : int {
  kParseError = -32700,
  kInvalidRequest = -32600,
  kMethodNotFound = -32601,
  kInvalidParams = -32602,
  kResourceNotFound = -32002,  // MCP 2025-11-25, Resources: error handling
};

// A request that cannot be served: thrown by a method's handler, answered by the server.
struct RpcError {
  ErrorCode code;
  std::string message;
  Json data = nullptr;  // null: left out
};

// Takes one whole JSON-RPC message: a single one, or a batch's array.
using Send = std::function<void(const Json& message)>;

// No id: the request's own could not be read (MCP leaves it out where plain JSON-RPC says null).
Json error_message(const std::optional<Json>& id, const RpcError& error);
Json result_message(const Json& id, Json result);
Json notification(std::string_view method, Json params);

}  // namespace sidecar::demo
