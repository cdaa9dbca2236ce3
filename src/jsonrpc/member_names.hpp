// Names of members, and of methods, that JSON readers disagree on. Go's encoding/json ignores case
// and takes the last of "name" and "Name"; C readers end a name at a NUL; pydantic accepts
// "progress_token" for "progressToken". A message with such a name would mean one thing here and
// another to the server.
// No state; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

namespace sidecar::jsonrpc {

// Whether some reader takes a member called `name` for `known` although the names differ. Covers
// simple case folding (ſ and the Kelvin sign included), Java's dotless and dotted i, names cut at a
// NUL, and lone surrogates; with `snake_case` also the snake case of a camel case name, with or
// without its leading underscore. `name`: as unescaped() returns it.
bool reads_like_slow(std::string_view name, std::string_view known, bool snake_case);

// The same result; most calls end here, because most names differ in their first letter.
inline bool reads_like(std::string_view name, std::string_view known, bool snake_case) {
  const auto initial = [](std::string_view text) {
    const std::size_t at = text.starts_with('_') ? 1 : 0;
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const unsigned first = initial(name);
  const bool other = first < 0x80 && ((first ^ initial(known)) & ~0x20U) != 0;
  return !other && reads_like_slow(name, known, snake_case);
}

// The MCP method that some server takes `method` for, although `method` is not one: it compares
// without case, as reads_like() does. Empty: there is none, or `method` is a known method itself.
std::string_view imitated_method(std::string_view method);

// Undoes the escapes of `inside`, the text between the quotes of a JSON string. Invalid input gives
// unspecified text. A lone surrogate becomes a byte that never occurs in UTF-8, so such a name
// equals no other one.
std::string unescaped(std::string_view inside);

// Members of one method's params that decide something: mcp-sidecar reads them, or it vouches for
// them to the receiver of the message.
struct ReadMembers {
  std::string_view method;                // empty: every method
  std::array<std::string_view, 2> steps;  // path from params to the object; empty entries end it
  std::array<std::string_view, 4> names;  // members of that object; empty entries end the list

  std::span<const std::string_view> object() const { return filled(steps); }
  std::span<const std::string_view> members() const { return filled(names); }

 private:
  template <std::size_t Count>
  static std::span<const std::string_view> filled(
      const std::array<std::string_view, Count>& texts) {
    return {texts.begin(), std::find(texts.begin(), texts.end(), std::string_view())};
  }
};

// The table of all methods.
std::span<const ReadMembers> read_members();

}  // namespace sidecar::jsonrpc
