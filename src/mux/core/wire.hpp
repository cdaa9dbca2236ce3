// Helpers of the multiplexer that read parts of JSON-RPC messages.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "jsonrpc/read.hpp"

namespace sidecar::mux {

using jsonrpc::member;
using jsonrpc::string_member;

// Whether the token is written as the sidecar writes ids.
inline bool is_plain_number(std::string_view token) {
  return !token.empty() &&
         std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The number in an id token; nullopt: the token is not one of our ids. Some servers convert the id:
// a string of digits and a number without fraction ("7", 7.0, 7e0) name it too, as both official
// SDKs take them.
inline std::optional<std::uint64_t> number_of(std::string_view token) {
  constexpr double kMaxExact = 9'007'199'254'740'992;  // 2^53
  if (token.size() > 2 && token.front() == '"' &&
      is_plain_number(token.substr(1, token.size() - 2)))
    token = token.substr(1, token.size() - 2);
  std::uint64_t id = 0;
  const char* const last = token.data() + token.size();
  const auto [end, error] = std::from_chars(token.data(), last, id);
  if (error == std::errc() && end == last) return id;
  double number = 0;
  const auto [end_of_double, fault] = std::from_chars(token.data(), last, number);
  if (fault != std::errc() || end_of_double != last || !(number >= 0 && number < kMaxExact) ||
      number != std::floor(number))
    return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

inline std::string_view excerpt(std::string_view text) { return text.substr(0, 200); }

}  // namespace sidecar::mux
