#include "jsonrpc/read.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "jsonrpc/named_members.hpp"
#include "jsonrpc/walk.hpp"

namespace sidecar::jsonrpc {
namespace {

// Needs no escape in a JSON string and is not the start of one.
bool is_plain(char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; }

}  // namespace

void pad(std::string& text) {
  if (text.capacity() - text.size() < kPadding) text.reserve(text.size() + kPadding);
}

Result<void> find_members(const std::string& text, Span within,
                          std::span<const std::string_view> names, std::span<Span> places) {
  return find_named(text, within, names, places, NamedMembers::Of::kValue);
}

Result<std::vector<Span>> find_members(const std::string& text,
                                       std::span<const std::string_view> names, Span within) {
  std::vector<Span> places(names.size());
  if (auto found = find_members(text, within ? within : whole(text), names, places); !found)
    return tl::unexpected(std::move(found).error());
  return places;
}

std::optional<std::string> string_member(const std::string& text, Span within,
                                         std::string_view name) {
  const Span place = member(text, within, name);
  if (!place) return std::nullopt;
  auto value = string_value(place.in(text));
  if (!value) return std::nullopt;
  return *std::move(value);
}

Result<void> check_object(const std::string& text) {
  return find_members(text, whole(text), {}, {});
}

// The bytes that follow `within` in `text` serve as padding, here and in find_named().
Result<std::vector<Span>> find_elements(const std::string& text, Span within) {
  std::vector<Span> places;
  if (const auto fault = walk(within.in(text), nullptr, &places))
    return tl::unexpected(error_of(*fault, "array"));
  for (Span& place : places) place.begin += within.begin;
  return places;
}

std::vector<Span> elements(const std::string& text, Span within) {
  if (!within) return {};
  return find_elements(text, within).value_or(std::vector<Span>());
}

Result<std::string> string_value(std::string_view token) {
  const bool quoted = token.size() >= 2 && token.front() == '"' && token.back() == '"';
  if (!quoted) return fail("not a string");
  if (std::all_of(token.begin() + 1, token.end() - 1, is_plain))
    return std::string(token.substr(1, token.size() - 2));
  const nlohmann::json value = nlohmann::json::parse(token, nullptr, false);
  if (!value.is_string()) return fail("not a string");
  return value.get<std::string>();
}

}  // namespace sidecar::jsonrpc
