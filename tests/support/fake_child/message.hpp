// A request as received, and the messages that answer it.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace fake {

using nlohmann::ordered_json;

struct Call {
  std::string line;
  std::string id;          // raw
  std::string params;      // raw
  ordered_json arguments;  // an empty object if the library cannot parse them

  std::size_t size(const char* name, std::size_t otherwise) const {
    return arguments.value(name, otherwise);
  }
  std::string text(const char* name) const { return arguments.value(name, std::string()); }
};

inline std::string result(const std::string& id, const std::string& raw) {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + raw + "}";
}
inline std::string error(const std::string& id, int code, const std::string& message) {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":)" +
         ordered_json{{"code", code}, {"message", message}}.dump() + "}";
}
inline std::string text_result(const std::string& id, const std::string& text) {
  return result(id, ordered_json{{"content", {{{"type", "text"}, {"text", text}}}}}.dump());
}
inline std::string structured_result(const std::string& id, const std::string& raw) {
  return result(id, R"({"content":[],"structuredContent":)" + raw + "}");
}
inline std::string notification(const std::string& method, const ordered_json& params) {
  return ordered_json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump();
}

}  // namespace fake
