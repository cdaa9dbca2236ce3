// Readers of a few members or elements of a JSON text. They return positions, so nothing is copied
// and everything else keeps its bytes. Each passes once over the value at `within` and validates
// it. An object is ambiguous, and none of its members is found, if a requested name occurs twice or
// if another name reads like it (member_names.hpp).
// No state; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

namespace sidecar::jsonrpc {

// Readable bytes that simdjson needs behind a text; parse() provides them.
inline constexpr std::size_t kPadding = 64;

// Reserves kPadding bytes of capacity behind the text. Every reader of positions REQUIRES them.
void pad(std::string& text);

// A range of bytes of a text; size 0: absent.
struct Span {
  std::size_t begin = 0;
  std::size_t size = 0;

  explicit operator bool() const { return size != 0; }
  std::size_t end() const { return begin + size; }
  std::string_view in(std::string_view text) const { return text.substr(begin, size); }
};

// The range of a text that is one value.
inline Span whole(std::string_view text) { return {0, text.size()}; }

// Sets places[i] to the position of the member names[i]; absent: there is none. Errors: `within` is
// absent, not valid, not an object, or ambiguous; `places` is unspecified then.
// REQUIRES: places.size() == names.size().
Result<void> find_members(const std::string& text, Span within,
                          std::span<const std::string_view> names, std::span<Span> places);

// The same for a fixed list of names:
//   const auto found = find_members(text, result, {"tools", "nextCursor"});
template <std::size_t Count>
Result<std::array<Span, Count>> find_members(const std::string& text, Span within,
                                             const std::string_view (&names)[Count]) {
  std::array<Span, Count> places;
  if (auto found = find_members(text, within, names, places); !found)
    return tl::unexpected(std::move(found).error());
  return places;
}

// The same where an error means that every member is absent:
//   const auto [name, annotations] = members(text, tool, {"name", "annotations"});
template <std::size_t Count>
std::array<Span, Count> members(const std::string& text, Span within,
                                const std::string_view (&names)[Count]) {
  if (!within) return {};  // the usual case: an error costs more
  return find_members(text, within, names).value_or(std::array<Span, Count>{});
}

// One member; absent also after an error.
inline Span member(const std::string& text, Span within, std::string_view name) {
  return members(text, within, {name})[0];
}

// The value of a string member; nullopt: it is absent, not a string, or has a lone surrogate.
std::optional<std::string> string_member(const std::string& text, Span within,
                                         std::string_view name);

inline bool is_true(std::string_view text, Span place) { return place.in(text) == "true"; }

// Errors: the text is not one valid JSON object.
Result<void> check_object(const std::string& text);

// The elements of the array at `within`. Errors: it is absent, not valid, or not an array.
Result<std::vector<Span>> find_elements(const std::string& text, Span within);

// The same where an error means that there are none.
std::vector<Span> elements(const std::string& text, Span within);

// The value of a JSON string token. Errors: not a string, a lone surrogate.
Result<std::string> string_value(std::string_view token);

// As above, in the form that src/session still uses. An absent `within` means the whole
// text.
Result<std::vector<Span>> find_members(const std::string& text,
                                       std::span<const std::string_view> names, Span within = {});

}  // namespace sidecar::jsonrpc
