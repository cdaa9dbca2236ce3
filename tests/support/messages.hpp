// JSON-RPC messages, read and written by tests. A text that is no message fails the test.
#pragma once

#include <string>
#include <utility>

#include "jsonrpc/message.hpp"
#include "support/catch.hpp"

namespace sidecar::test {

inline jsonrpc::Message parsed(std::string text) {
  auto message = jsonrpc::parse(std::move(text));
  if (!message) FAIL(message.error().message);
  return std::move(*message);
}

// The id that mcp-sidecar gave to a line for the child.
inline std::string wire_id_of(const std::string& line) { return std::string(parsed(line).id()); }

inline std::string answer_to(const jsonrpc::Message& request, const std::string& result) {
  return R"({"jsonrpc":"2.0","id":)" + std::string(request.id()) + R"(,"result":)" + result + "}";
}
inline std::string answer_to(const std::string& line, const std::string& result = "{}") {
  return answer_to(parsed(line), result);
}

inline std::string initialize_result(const std::string& version, const std::string& capabilities) {
  return R"({"protocolVersion":")" + version + R"(","capabilities":)" + capabilities +
         R"(,"serverInfo":{"name":"s","version":"1"}})";
}

}  // namespace sidecar::test
