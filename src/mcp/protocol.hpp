// The words of the Model Context Protocol that the sidecar itself must know: revisions, methods,
// error codes.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace sidecar::mcp {

// Revisions with an `initialize` handshake, oldest first.
inline constexpr std::array<std::string_view, 4> kHandshakeVersions = {"2024-11-05", "2025-03-26",
                                                                       "2025-06-18", "2025-11-25"};
inline constexpr std::string_view kLatestHandshakeVersion = kHandshakeVersions.back();

// "2024-11-05, 2025-03-26, …", for people.
std::string handshake_versions_text();

// Whether clients of this revision take event ids and come back with Last-Event-ID: from 2025-11-25
// on. Those of earlier ones reconnect after errors that they were told. An empty version does not.
bool resumes_streams(std::string_view version);

bool is_handshake_version(std::string_view version);

// The revision that a client is told, given what it asks for and what the child speaks: the
// client's, when it is known and not newer than the child's; else the child's. (MCP 2025-11-25,
// Lifecycle, Version Negotiation.)
std::string_view negotiate(std::string_view asked, std::string_view child);

// The revision without a handshake, and where its requests say so.
inline constexpr std::string_view kStatelessVersionKey = "io.modelcontextprotocol/protocolVersion";

// Whether messages with this method are notifications: they have no id, all others have one. (MCP
// 2025-11-25, schema: every notification begins so, and no request.)
inline bool names_notification(std::string_view method) {
  return method.starts_with("notifications/");
}

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

// Key of `_meta` that names the task a message belongs to. (MCP 2025-11-25, Tasks.)
inline constexpr std::string_view kRelatedTask = "io.modelcontextprotocol/related-task";

// JSON-RPC 2.0, section 5.1, and the codes that MCP's SDKs use in its implementation-defined range.
namespace code {
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kConnectionClosed = -32000;
inline constexpr int kRequestTimeout = -32001;
inline constexpr int kSessionNotFound = -32001;  // the same number, over HTTP with 404
inline constexpr int kBusy = -32003;
inline constexpr int kUrlElicitationRequired = -32042;  // MCP 2025-11-25, Elicitation, URL mode
}  // namespace code

}  // namespace sidecar::mcp
