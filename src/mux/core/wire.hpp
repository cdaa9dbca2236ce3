// Helpers of the multiplexer that read parts of JSON-RPC messages.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "jsonrpc/read.hpp"

namespace sidecar::mux {

using jsonrpc::member;
using jsonrpc::string_member;

// The number in an id token; nullopt: the token is not one of our ids.
inline std::optional<std::uint64_t> number_of(std::string_view token) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), id);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return id;
}

inline std::string_view excerpt(std::string_view text) { return text.substr(0, 200); }

}  // namespace sidecar::mux
