#include "endpoints/mcp/mcp_requests.hpp"

#include <fmt/format.h>
#include <utility>

#include "jsonrpc/message.hpp"
#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "session/session_table.hpp"

namespace sidecar::endpoints {
namespace {

constexpr std::string_view kMessagesPath = "/messages/";

std::optional<std::string> in_field(const http::Head& head) {
  const std::string_view id = head.header("Mcp-Session-Id");
  return id.empty() ? std::nullopt : std::optional<std::string>(id);
}

}  // namespace

std::optional<std::string> named_session(const http::Head& head) {
  if (head.path.starts_with(kMessagesPath)) {
    std::string id = head.path.substr(kMessagesPath.size());
    if (id.ends_with('/')) id.pop_back();
    return id;
  }
  if (head.path == "/message" || head.path == "/messages") return head.query_value("sessionId");
  if (head.path == "/mcp" || head.path == "/") return in_field(head);
  if (head.path != "/rate-limit-status") return std::nullopt;
  const auto id = in_field(head);
  return id ? id : head.query_value("sessionId");
}

std::string logged_path(const http::Head& head) {
  std::string_view path = head.path;
  const std::size_t query = path.find_first_of("?;#&");
  const std::string_view mask = query == path.npos ? "" : "***";
  if (query != path.npos) path = path.substr(0, query + 1);
  const std::size_t messages = path.find(kMessagesPath);
  const std::size_t id = messages == path.npos ? path.size() : messages + kMessagesPath.size();
  if (path.size() - id <= session::SessionTable::kShownId) return fmt::format("{}{}", path, mask);
  return fmt::format("{}{}…", path.substr(0, id), session::SessionTable::shown(path.substr(id)));
}

bool within_rates(access::Gate* gate, http::Exchange& exchange, const session::Session& session,
                  const session::PostBody& body) {
  const std::size_t messages = body.elements.size();
  if (gate == nullptr || messages < 2) return true;
  access::Gate::Charge charge =
      gate->charge_further(*exchange.request().caller, session.id(), messages - 1);
  exchange.set_reply_fields(std::move(charge.fields));
  if (!charge.retry_after) return true;
  if (!charge.never.empty()) {
    exchange.reply(json_rpc_error(400, "null", mcp::code::kInvalidRequest, charge.never));
    return false;
  }
  http::Response response = json_rpc_error(
      429, "null", mcp::code::kBusy,
      fmt::format("Rate limit exceeded: a batch counts as its {} messages", messages));
  response.fields.push_back({"Retry-After", std::to_string(charge.retry_after->count())});
  exchange.reply(std::move(response));
  return false;
}

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
