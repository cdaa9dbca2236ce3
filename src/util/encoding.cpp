#include "util/encoding.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <iterator>

namespace sidecar {
namespace {

struct Range {
  char32_t first, last;
};
// U+009B is the one-character form of ESC [.
constexpr Range kEscaped[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c},
                              {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

struct Character {
  char32_t code = 0;
  std::size_t size = 0;  // 0: the text does not begin with a character of UTF-8
};

// REQUIRES: `text` is not empty. Overlong forms are rejected.
Character first_character(std::string_view text) {
  struct Form {
    unsigned char mask, lead;
    char32_t least;
  };
  constexpr Form kForms[] = {
      {0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto* const form =
      std::find_if(std::begin(kForms), std::end(kForms),
                   [&](const Form& each) { return (byte(0) & each.mask) == each.lead; });
  const auto size = static_cast<std::size_t>(form - std::begin(kForms)) + 1;
  if (form == std::end(kForms) || text.size() < size) return {};
  char32_t code = byte(0) & static_cast<unsigned char>(~form->mask);
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(at) & 0x3f);
  }
  return code < form->least ? Character{} : Character{code, size};
}

bool is_escaped(char32_t code) {
  return code != '\n' &&
         std::any_of(std::begin(kEscaped), std::end(kEscaped), [code](const Range& range) {
           return code >= range.first && code <= range.last;
         });
}

}  // namespace

std::string iso_time(std::chrono::system_clock::time_point time) {
  const auto since = time.time_since_epoch();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count() % 1000;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), milliseconds);
}

std::string escaped(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const auto [code, size] = first_character(text);
    if (size == 0)
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    else if (is_escaped(code) && !text.starts_with("\r\n"))
      shown += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
    else
      shown += text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return shown;
}

}  // namespace sidecar
