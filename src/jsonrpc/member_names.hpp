// Names of members, and of methods, that JSON readers do not agree on. Go's encoding/json ignores case and takes the
// last of "name" and "Name"; readers in C end a name at a NUL; pydantic takes "progress_token" for
// "progressToken". A message with such a name would mean one thing here and another to the server.
// No state; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

namespace sidecar::jsonrpc {

// Whether some reader takes a member called `name` for `known`, which it is not. Covers simple case
// folding (ſ and the Kelvin sign included), the dotless and dotted i of Java, what follows a NUL,
// and lone surrogates; with `snake_case` also the snake case of a camel case name, with or without
// its leading underscore. `name`: see unescaped().
bool reads_like_slow(std::string_view name, std::string_view known, bool snake_case);

// The same; nearly all names that differ do so in their first letter.
inline bool reads_like(std::string_view name, std::string_view known, bool snake_case) {
  const auto initial = [](std::string_view text) {
    const std::size_t at = text.starts_with('_') ? 1 : 0;
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const unsigned first = initial(name);
  const bool other = first < 0x80 && ((first ^ initial(known)) & ~0x20U) != 0;
  return !other && reads_like_slow(name, known, snake_case);
}

// The method of MCP that some server takes `method` for, which is none: it compares without case, as
// reads_like() does. Empty: there is no such method, or `method` is one itself.
std::string_view imitated_method(std::string_view method);

// What stands between the quotes of a JSON string, escapes undone; of one that is not valid, some
// text. A lone surrogate becomes a byte that no UTF-8 has, so that such a name equals no other one.
std::string unescaped(std::string_view inside);

// Members that are read of messages, by mcp-sidecar or, on its word, by who gets the message from
// it.
struct ReadMembers {
  std::string_view method;                // empty: of every method
  std::array<std::string_view, 2> steps;  // from params to the object; without empty ones
  std::array<std::string_view, 4> names;  // of members of the object; without empty ones

  std::span<const std::string_view> object() const { return filled(steps); }
  std::span<const std::string_view> members() const { return filled(names); }

 private:
  template <std::size_t Count>
  static std::span<const std::string_view> filled(
      const std::array<std::string_view, Count>& texts) {
    return {texts.begin(), std::find(texts.begin(), texts.end(), std::string_view())};
  }
};

std::span<const ReadMembers> read_members();

}  // namespace sidecar::jsonrpc
