#include "jsonrpc/member_names.hpp"

#include <algorithm>
#include <cstdint>

namespace sidecar::jsonrpc {
namespace {

constexpr char kLoneSurrogate = '\xff';

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c; }

struct Letter {
  std::string_view written;
  char folded;
};

// The characters beyond ASCII that a simple case mapping of Unicode turns into an ASCII letter.
constexpr Letter kLetters[] = {
    {"\u017f", 's'},  // long s
    {"\u212a", 'k'},  // Kelvin sign
    {"\u0130", 'i'},  // I with a dot above
    {"\u0131", 'i'},  // i without a dot
};

// The first character of `text`, case folded. REQUIRES: not empty.
Letter first_letter(std::string_view text) {
  for (const Letter& letter : kLetters) {
    if (text.starts_with(letter.written)) return letter;
  }
  return {text.substr(0, 1), lower(text.front())};
}

void skip_lone_surrogates(std::string_view& text) {
  while (text.starts_with(kLoneSurrogate)) text.remove_prefix(1);
}

std::string_view without_underscore(std::string_view text) {
  if (text.starts_with('_')) text.remove_prefix(1);
  return text;
}

unsigned hex(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits)
    value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : lower(c) - 'a' + 10);
  return value;
}

void append_utf8(std::string& text, unsigned code) {
  const auto continued = [&](int shift) {
    text += static_cast<char>(0x80 | (code >> shift & 0x3f));
  };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | code >> 6);
    continued(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | code >> 12);
    continued(6);
    continued(0);
  } else {
    text += static_cast<char>(0xf0 | code >> 18);
    continued(12);
    continued(6);
    continued(0);
  }
}

bool is_high(unsigned code) { return code >= 0xd800 && code < 0xdc00; }
bool is_low(unsigned code) { return code >= 0xdc00 && code < 0xe000; }

}  // namespace

bool reads_like_slow(std::string_view name, std::string_view known, bool snake_case) {
  if (name == known) return false;
  skip_lone_surrogates(name);
  if (snake_case && known.starts_with('_')) {
    known = without_underscore(known);
    name = without_underscore(name);
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    skip_lone_surrogates(name);
    if (snake_case && i > 0 && is_upper(known[i])) name = without_underscore(name);
    if (name.empty()) return false;
    const Letter letter = first_letter(name);
    if (letter.folded != lower(known[i])) return false;
    name.remove_prefix(letter.written.size());
  }
  skip_lone_surrogates(name);
  return name.empty() || name.front() == '\0';
}

std::string_view imitated_method(std::string_view method) {
  static constexpr std::string_view kMethods[] = {
      "initialize",
      "ping",
      "tools/list",
      "tools/call",
      "prompts/list",
      "prompts/get",
      "resources/list",
      "resources/templates/list",
      "resources/read",
      "resources/subscribe",
      "resources/unsubscribe",
      "completion/complete",
      "logging/setLevel",
      "sampling/createMessage",
      "elicitation/create",
      "roots/list",
      "tasks/get",
      "tasks/result",
      "tasks/list",
      "tasks/cancel",
      "notifications/initialized",
      "notifications/cancelled",
      "notifications/progress",
      "notifications/message",
      "notifications/resources/updated",
      "notifications/resources/list_changed",
      "notifications/tools/list_changed",
      "notifications/prompts/list_changed",
      "notifications/roots/list_changed",
      "notifications/tasks/status",
      "notifications/elicitation/complete",
  };
  // Nearly every method is a known one, which a comparison of sizes and bytes tells.
  if (std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods)) return {};
  const auto* known =
      std::find_if(std::begin(kMethods), std::end(kMethods),
                   [method](std::string_view each) { return reads_like(method, each, false); });
  return known == std::end(kMethods) ? std::string_view() : *known;
}

std::string unescaped(std::string_view inside) {
  static constexpr std::string_view kShort = "bfnrt";
  static constexpr std::string_view kMeant = "\b\f\n\r\t";
  std::string text;
  while (!inside.empty()) {
    const std::size_t plain = std::min(inside.find('\\'), inside.size());
    text.append(inside, 0, plain);
    inside.remove_prefix(plain);
    if (inside.empty()) break;
    const char kind = inside.size() > 1 ? inside[1] : '\\';
    inside.remove_prefix(std::min<std::size_t>(2, inside.size()));
    if (kind != 'u') {
      const std::size_t at = kShort.find(kind);
      text += at == std::string_view::npos ? kind : kMeant[at];
      continue;
    }
    unsigned code = hex(inside.substr(0, 4)) & 0xffff;
    inside.remove_prefix(std::min<std::size_t>(4, inside.size()));
    if (is_high(code) && inside.starts_with("\\u")) {
      if (const unsigned next = hex(inside.substr(2, 4)); is_low(next)) {
        code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
        inside.remove_prefix(std::min<std::size_t>(6, inside.size()));
      }
    }
    if (is_high(code) || is_low(code))
      text += kLoneSurrogate;
    else
      append_utf8(text, code);
  }
  return text;
}

std::span<const ReadMembers> read_members() {
  static constexpr ReadMembers kRows[] = {
      {"", {}, {"_meta"}},
      {"", {"_meta", "io.modelcontextprotocol/related-task"}, {"taskId"}},
      {"initialize", {}, {"protocolVersion", "capabilities", "clientInfo"}},
      {"initialize", {"clientInfo"}, {"name", "version"}},
      {"initialize", {"capabilities"}, {"sampling", "elicitation", "roots", "tasks"}},
      {"initialize", {"capabilities", "elicitation"}, {"form", "url"}},
      {"tools/call", {}, {"name", "arguments", "task"}},
      {"prompts/get", {}, {"name", "arguments"}},
      {"resources/read", {}, {"uri"}},
      {"resources/subscribe", {}, {"uri"}},
      {"resources/unsubscribe", {}, {"uri"}},
      {"completion/complete", {}, {"ref", "argument"}},
      {"completion/complete", {"ref"}, {"type", "name", "uri"}},
      {"tools/list", {}, {"cursor"}},
      {"prompts/list", {}, {"cursor"}},
      {"resources/list", {}, {"cursor"}},
      {"resources/templates/list", {}, {"cursor"}},
      {"tasks/list", {}, {"cursor"}},
      {"tasks/get", {}, {"taskId"}},
      {"tasks/result", {}, {"taskId"}},
      {"tasks/cancel", {}, {"taskId"}},
      {"logging/setLevel", {}, {"level"}},
      {"sampling/createMessage", {}, {"task"}},
      {"elicitation/create", {}, {"mode", "elicitationId", "task"}},
      {"notifications/cancelled", {}, {"requestId"}},
      {"notifications/progress", {}, {"progressToken", "progress"}},
      {"notifications/message", {}, {"level"}},
      {"notifications/resources/updated", {}, {"uri"}},
      {"notifications/tasks/status", {}, {"taskId", "status"}},
      {"notifications/elicitation/complete", {}, {"elicitationId"}},
  };
  return kRows;
}

}  // namespace sidecar::jsonrpc
