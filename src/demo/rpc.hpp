// JSON-RPC 2.0 as MCP uses it: error codes and messages.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sidecar::demo {

using Json = nlohmann::ordered_json;  // keeps the order of keys

enum ErrorCode : int {
  kParseError = -32700,
  kInvalidRequest = -32600,
  kMethodNotFound = -32601,
  kInvalidParams = -32602,
  kResourceNotFound = -32002,  // MCP 2025-11-25, Resources: error handling
};

// Thrown by the handler of a method; the server answers with it.
struct RpcError {
  ErrorCode code;
  std::string message;
  Json data = nullptr;  // null: omitted
};

// Takes one JSON-RPC message or the array of a batch.
using Send = std::function<void(const Json& message)>;

// Without an id when that of the request is unreadable: MCP omits it, JSON-RPC 2.0 sends null.
inline Json error_message(const std::optional<Json>& id, const RpcError& error) {
  Json message = {{"jsonrpc", "2.0"}};
  if (id) message["id"] = *id;
  message["error"] = {{"code", static_cast<int>(error.code)}, {"message", error.message}};
  if (!error.data.is_null()) message["error"]["data"] = error.data;
  return message;
}

inline Json result_message(const Json& id, Json result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

inline Json notification(std::string_view method, Json params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

}  // namespace sidecar::demo
