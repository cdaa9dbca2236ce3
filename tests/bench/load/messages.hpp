// The JSON-RPC messages of the clients, and functions that tell answers apart. Peers write compact
// JSON, so an answer is searched for its members instead of parsed.
#pragma once

#include <fmt/format.h>
#include <string>
#include <string_view>

#include "bench/load/client.hpp"

namespace sidecar::bench {

inline constexpr std::string_view kProtocolVersion = "2025-06-18";
inline constexpr std::string_view kInitialized =
    R"({"jsonrpc":"2.0","method":"notifications/initialized"})";

inline std::string initialize_text(std::uint64_t id) {
  return fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"method":"initialize","params":{{"protocolVersion":"{}","capabilities":{{}},"clientInfo":{{"name":"bench","version":"1"}}}}}})",
      id, kProtocolVersion);
}

inline std::string call_text(const ToolCall& call) {
  return fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"{}","arguments":{}}}}})",
      call.id, call.tool, call.arguments);
}

// For handshakes; never the id of a call. Unique among all clients: some peers mix up equal ids.
inline std::uint64_t handshake_id(std::size_t index) { return 1'000'000'000'000 + index; }

inline bool is_answer_to(std::uint64_t id, std::string_view json) {
  const std::string member = fmt::format(R"("id":{})", id);
  // The id is at the beginning or at the end of an answer; ten megabytes are not searched for it.
  const std::size_t at = json.size() <= 1024 ? json.find(member)
                         : json.substr(0, 512).find(member) != std::string_view::npos
                             ? json.find(member)
                             : json.rfind(member);
  if (at == std::string_view::npos || at + member.size() >= json.size()) return false;
  const char next = json[at + member.size()];
  return next == ',' || next == '}';
}

// A request or a notification from the server.
inline bool is_from_server(std::string_view json) {
  return json.substr(0, 512).find(R"("method":)") != std::string_view::npos &&
         json.substr(0, 512).find(R"("result":)") == std::string_view::npos;
}

}  // namespace sidecar::bench
