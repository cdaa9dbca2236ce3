// Members of a message that some JSON reader takes for others, found by another method than the
// scan's.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace sidecar::fuzz {

// The name as a reader sees it that ignores case and ends at a NUL.
inline std::string folded(std::string name) {
  name.resize(std::min(name.find('\0'), name.size()));
  static constexpr std::pair<std::string_view, char> kLetters[] = {
      {"\u017f", 's'}, {"\u212a", 'k'}, {"\u0130", 'i'}, {"\u0131", 'i'}};
  for (const auto& [written, letter] : kLetters) {
    for (std::size_t at; (at = name.find(written)) != std::string::npos;)
      name.replace(at, written.size(), 1, letter);
  }
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  return name;
}

// Whether `object` has a member that is not one of `names` but is taken for one.
inline bool has_spelling_of(const nlohmann::json& object,
                            std::initializer_list<std::string_view> names) {
  if (!object.is_object()) return false;
  return std::any_of(object.items().begin(), object.items().end(), [&names](const auto& member) {
    return std::any_of(names.begin(), names.end(), [&member](std::string_view name) {
      return member.key() != name && folded(member.key()) == folded(std::string(name));
    });
  });
}

// Whether the message has such a member in an object that the sidecar reads: the message itself,
// _meta, or the params of a method that uses them.
inline bool is_ambiguous(const nlohmann::json& message) {
  if (has_spelling_of(message, {"jsonrpc", "id", "method", "params", "result", "error"}))
    return true;
  if (!message.contains("method") || !message.contains("params") || !message["params"].is_object())
    return false;
  const nlohmann::json& params = message["params"];
  const auto in = [](const nlohmann::json& object, const char* name) {
    return object.is_object() && object.contains(name) ? object[name] : nlohmann::json();
  };
  const std::string method = message["method"];
  if (has_spelling_of(params, {"_meta"})) return true;
  if (has_spelling_of(in(params, "_meta"),
                      {"progressToken", "traceparent", "io.modelcontextprotocol/protocolVersion",
                       "io.modelcontextprotocol/related-task"}))
    return true;
  if (method == "tools/call") return has_spelling_of(params, {"name", "arguments", "task"});
  if (method == "prompts/get") return has_spelling_of(params, {"name", "arguments"});
  if (method.starts_with("resources/") && !method.ends_with("list")) {
    const bool known = method == "resources/read" || method == "resources/subscribe" ||
                       method == "resources/unsubscribe";
    return known && has_spelling_of(params, {"uri"});
  }
  if (method == "completion/complete")
    return has_spelling_of(params, {"ref"}) ||
           has_spelling_of(in(params, "ref"), {"type", "name", "uri"});
  if (method == "notifications/cancelled") return has_spelling_of(params, {"requestId"});
  if (method == "notifications/progress") return has_spelling_of(params, {"progressToken"});
  if (method == "tasks/get" || method == "tasks/cancel" || method == "tasks/result")
    return has_spelling_of(params, {"taskId"});
  if (method == "logging/setLevel") return has_spelling_of(params, {"level"});
  if (method == "initialize")
    return has_spelling_of(params, {"protocolVersion", "capabilities", "clientInfo"});
  return false;
}

}  // namespace sidecar::fuzz
