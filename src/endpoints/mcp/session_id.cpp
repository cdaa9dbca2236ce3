#include "endpoints/mcp/session_id.hpp"

namespace sidecar::endpoints {
namespace {

constexpr std::string_view kMessagesPath = "/messages/";

std::optional<std::string> in_field(const http::Head& head) {
  const std::string_view id = head.header("Mcp-Session-Id");
  return id.empty() ? std::nullopt : std::optional<std::string>(id);
}

}  // namespace

std::optional<std::string> named_session(const http::Head& head) {
  if (head.path.starts_with(kMessagesPath)) return head.path.substr(kMessagesPath.size());
  if (head.path == "/message" || head.path == "/messages") return head.query_value("sessionId");
  if (head.path == "/mcp") return in_field(head);
  if (head.path != "/rate-limit-status") return std::nullopt;
  const auto id = in_field(head);
  return id ? id : head.query_value("sessionId");
}

}  // namespace sidecar::endpoints
