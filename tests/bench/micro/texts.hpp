// Messages for the benchmarks of the parts.
#pragma once

#include <fmt/format.h>
#include <string>

namespace sidecar::bench {

// A call of about `size` bytes.
inline std::string call_of(std::size_t size) {
  const std::string head =
      R"({"jsonrpc":"2.0","id":17,"method":"tools/call","params":{"name":"echo","arguments":{"message":")";
  return head + std::string(size > head.size() ? size - head.size() : 0, 'x') + R"("}}})";
}

// Its answer, under the wire id.
inline std::string answer_of(std::string_view id, std::size_t size) {
  return fmt::format(
      R"({{"result":{{"content":[{{"type":"text","text":"{}"}}]}},"jsonrpc":"2.0","id":{}}})",
      std::string(size, 'x'), id);
}

}  // namespace sidecar::bench
