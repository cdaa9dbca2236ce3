#include "endpoints/mcp/json_rpc.hpp"

#include "jsonrpc/message.hpp"
#include "jsonrpc/splice.hpp"

namespace sidecar::endpoints {

http::Response json_rpc_error(int status, std::string_view id, int code, std::string_view message) {
  http::Response response;
  response.status = status;
  response.body = jsonrpc::error_text(id, jsonrpc::error_object(code, message));
  return response;
}

std::string request_id_in(std::string body) {
  const auto message = jsonrpc::parse(std::move(body));
  if (!message) return message.error().id;
  return message->kind() == jsonrpc::Kind::kRequest ? std::string(message->id()) : "null";
}

}  // namespace sidecar::endpoints
