// Helpers of the multiplexer that read parts of JSON-RPC messages.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jsonrpc/message.hpp"

namespace sidecar::mux {

// The number in an id token; nullopt: the token is not one of our ids.
inline std::optional<std::uint64_t> number_of(std::string_view token) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), id);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return id;
}

// The place of a member of the object at `within`; absent if either is absent.
inline jsonrpc::Span member(const std::string& text, jsonrpc::Span within, std::string_view name) {
  if (!within) return {};
  const std::array<std::string_view, 1> names = {name};
  const auto places = jsonrpc::find_members(text, names, within);
  return places ? (*places)[0] : jsonrpc::Span{};
}

// The value of a string member, unescaped.
inline std::optional<std::string> string_member(const std::string& text, jsonrpc::Span within,
                                                std::string_view name) {
  const jsonrpc::Span place = member(text, within, name);
  if (!place) return std::nullopt;
  auto value = jsonrpc::string_value(place.in(text));
  if (!value) return std::nullopt;
  return std::move(*value);
}

inline std::string_view excerpt(std::string_view text) { return text.substr(0, 200); }

}  // namespace sidecar::mux
