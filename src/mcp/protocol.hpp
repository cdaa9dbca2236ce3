// The parts of the Model Context Protocol that the sidecar interprets: revisions, methods, error
// codes. Pure functions and constants: any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace sidecar::mcp {

// Revisions with an `initialize` handshake, oldest first.
inline constexpr std::array<std::string_view, 4> kHandshakeVersions = {"2024-11-05", "2025-03-26",
                                                                       "2025-06-18", "2025-11-25"};
inline constexpr std::string_view kLatestHandshakeVersion = kHandshakeVersions.back();
// The revision without handshake and sessions.
inline constexpr std::string_view kStatelessVersion = "2026-07-28";

// "2024-11-05, 2025-03-26, …", for error texts.
inline std::string handshake_versions_text() {
  std::string text;
  for (const std::string_view version : kHandshakeVersions)
    text.append(text.empty() ? "" : ", ").append(version);
  return text;
}

inline bool is_handshake_version(std::string_view version) {
  return std::find(kHandshakeVersions.begin(), kHandshakeVersions.end(), version) !=
         kHandshakeVersions.end();
}

// Revisions are dates, so the functions below compare them as text.

// YYYY-MM-DD.
constexpr bool is_revision(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '-' ? text[i] != '-' : !digit) return false;
  }
  const std::string_view month = text.substr(5, 2);
  const std::string_view day = text.substr(8, 2);
  return month >= "01" && month <= "12" && day >= "01" && day <= "31";
}

// Whether a message with this MCP-Protocol-Version is served in a session of revision `negotiated`
// (empty: none yet, or no session). Clients send revisions that are newer than the one that they
// have negotiated; they mean the negotiated one.
inline bool serves_version(std::string_view named, std::string_view negotiated) {
  if (named.empty() || is_handshake_version(named)) return true;
  return is_revision(named) && named > (negotiated.empty() ? kLatestHandshakeVersion : negotiated);
}

// Whether clients of this revision accept event ids and resume with Last-Event-ID: from 2025-11-25
// on. Earlier clients also reconnect after errors that they have received. False for an empty text.
inline bool resumes_streams(std::string_view version) { return version >= "2025-11-25"; }

// The protocolVersion of the answer to `initialize`: the client's when it is known and not newer
// than the child's, else the child's. (MCP 2025-11-25, Lifecycle, Version Negotiation.)
inline std::string_view negotiate(std::string_view asked, std::string_view child) {
  return is_handshake_version(asked) && asked <= child ? asked : child;
}

// Member of `_meta` that carries the revision in requests without a handshake.
inline constexpr std::string_view kStatelessVersionKey = "io.modelcontextprotocol/protocolVersion";

// Whether messages with this method are notifications, which have no id. (MCP 2025-11-25, schema:
// the methods of all notifications, and of no requests, have this prefix.)
inline bool names_notification(std::string_view method) {
  return method.starts_with("notifications/");
}

// The error to server/discover, which belongs to the stateless revision.
inline constexpr std::string_view kNoDiscover =
    "Method not found: server/discover: this server takes the revisions that begin with initialize";

namespace method {
inline constexpr std::string_view kInitialize = "initialize";
inline constexpr std::string_view kInitialized = "notifications/initialized";
inline constexpr std::string_view kPing = "ping";
inline constexpr std::string_view kCancelled = "notifications/cancelled";
inline constexpr std::string_view kProgress = "notifications/progress";
inline constexpr std::string_view kToolsList = "tools/list";
inline constexpr std::string_view kToolsCall = "tools/call";
inline constexpr std::string_view kPromptsList = "prompts/list";
inline constexpr std::string_view kPromptsGet = "prompts/get";
inline constexpr std::string_view kResourcesList = "resources/list";
inline constexpr std::string_view kResourceTemplatesList = "resources/templates/list";
inline constexpr std::string_view kResourcesRead = "resources/read";
inline constexpr std::string_view kResourcesSubscribe = "resources/subscribe";
inline constexpr std::string_view kResourcesUnsubscribe = "resources/unsubscribe";
inline constexpr std::string_view kResourcesUpdated = "notifications/resources/updated";
inline constexpr std::string_view kComplete = "completion/complete";
inline constexpr std::string_view kSetLevel = "logging/setLevel";
inline constexpr std::string_view kLogMessage = "notifications/message";
inline constexpr std::string_view kSampling = "sampling/createMessage";
inline constexpr std::string_view kElicitation = "elicitation/create";
inline constexpr std::string_view kElicitationComplete = "notifications/elicitation/complete";
inline constexpr std::string_view kRootsList = "roots/list";
inline constexpr std::string_view kDiscover = "server/discover";
inline constexpr std::string_view kTasksGet = "tasks/get";
inline constexpr std::string_view kTasksResult = "tasks/result";
inline constexpr std::string_view kTasksList = "tasks/list";
inline constexpr std::string_view kTasksCancel = "tasks/cancel";
inline constexpr std::string_view kTaskStatus = "notifications/tasks/status";
inline constexpr std::string_view kRootsListChanged = "notifications/roots/list_changed";
inline constexpr std::string_view kToolsListChanged = "notifications/tools/list_changed";
inline constexpr std::string_view kPromptsListChanged = "notifications/prompts/list_changed";
inline constexpr std::string_view kResourcesListChanged = "notifications/resources/list_changed";
}  // namespace method

// Of all methods about tasks. (MCP 2025-11-25, Tasks.)
inline constexpr std::string_view kTasksPrefix = "tasks/";
// Member of `_meta` that names the task of a message. (MCP 2025-11-25, Tasks.)
inline constexpr std::string_view kRelatedTask = "io.modelcontextprotocol/related-task";

// JSON-RPC 2.0, section 5.1, and the codes of MCP's SDKs in the implementation-defined range.
namespace code {
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kConnectionClosed = -32000;
inline constexpr int kRequestTimeout = -32001;
inline constexpr int kSessionNotFound = -32001;  // the same number; with HTTP status 404
inline constexpr int kBusy = -32003;
inline constexpr int kUrlElicitationRequired = -32042;  // MCP 2025-11-25, Elicitation, URL mode
}  // namespace code

}  // namespace sidecar::mcp
