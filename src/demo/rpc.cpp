#include "demo/rpc.hpp"

#include <utility>

namespace sidecar::demo {

Json error_message(const std::optional<Json>& id, const RpcError& error) {
  Json message = {{"jsonrpc", "2.0"}};
  if (id) message["id"] = *id;
  message["error"] = {{"code", static_cast<int>(error.code)}, {"message", error.message}};
  if (!error.data.is_null()) message["error"]["data"] = error.data;
  return message;
}

Json result_message(const Json& id, Json result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

Json notification(std::string_view method, Json params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

}  // namespace sidecar::demo
