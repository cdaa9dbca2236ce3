#include "wire.hpp"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace fake {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

void write_repeated(char byte, std::size_t count) {
  const std::string chunk(std::min<std::size_t>(count, 65536), byte);
  for (; count > 0; count -= std::min(count, chunk.size()))
    write_all(STDOUT_FILENO, std::string_view(chunk).substr(0, count));
}

void say(std::string line) { write_all(STDOUT_FILENO, line += '\n'); }
void mutter(std::string line) { write_all(STDERR_FILENO, line += '\n'); }

std::optional<std::string> next_line() {
  static std::string input;
  std::size_t from = 0;
  for (;;) {
    const std::size_t end = input.find('\n', from);
    if (end != std::string::npos) {
      std::string line = input.substr(0, end);
      input.erase(0, end + 1);
      return line;
    }
    from = input.size();
    char chunk[65536];
    const ssize_t size = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return std::nullopt;
    input.append(chunk, static_cast<std::size_t>(size));
  }
}

std::string raw_member(std::string_view json, std::string_view name) {
  const auto byte = [&](std::size_t at) { return at < json.size() ? json[at] : '\0'; };
  const auto skip_space = [&](std::size_t at) {
    return std::min(json.find_first_not_of(" \t\r\n", at), json.size());
  };
  const auto skip_string = [&](std::size_t at) {
    for (++at; at < json.size() && json[at] != '"'; ++at) {
      if (json[at] == '\\') ++at;
    }
    return std::min(at + 1, json.size());
  };
  const auto skip_value = [&](std::size_t at) {  // to the comma or bracket after it
    for (int depth = 0; at < json.size();) {
      const char c = json[at];
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      at = c == '"' ? skip_string(at) : at + 1;
    }
    return at;
  };
  std::size_t at = skip_space(0);
  if (byte(at) != '{') return {};
  while (byte(at = skip_space(at + 1)) == '"') {
    const std::size_t key = at + 1;
    at = skip_string(at);
    const bool found = json.substr(key, at - key - 1) == name;
    const std::size_t value = skip_space(skip_space(at) + 1);  // after the colon
    at = skip_value(value);
    if (found) {
      const std::string_view bytes = json.substr(value, at - value);
      return std::string(bytes.substr(0, bytes.find_last_not_of(" \t\r\n") + 1));
    }
  }
  return {};
}

std::string text_member(std::string_view json, std::string_view name) {
  const nlohmann::json value = nlohmann::json::parse(raw_member(json, name), nullptr, false);
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace fake
