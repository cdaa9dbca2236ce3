#include "mux/core/stray_output.hpp"

#include <algorithm>
#include <array>

namespace sidecar::mux {
namespace {

bool begins_like(std::string_view line, std::string_view word) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return line.size() >= word.size() && std::equal(word.begin(), word.end(), line.begin(),
                                                  [&](char a, char b) { return a == lower(b); });
}

// A line of JSON that is spread over several lines.
bool part_of_json(std::string_view line) {
  constexpr std::array<std::string_view, 8> kWhole = {"{", "}", "},", "[", "]", "],", "}]", "[{"};
  if (std::find(kWhole.begin(), kWhole.end(), line) != kWhole.end()) return true;
  const bool key = line.starts_with('"') && line.find("\":") != std::string_view::npos;
  return key &&
         (line.ends_with('{') || line.ends_with('[') || line.ends_with(',') || line.ends_with('"'));
}

}  // namespace

std::string_view shape_of_stray(std::string_view line) {
  if (line.find("\x1b[") != std::string_view::npos)
    return "text with terminal colours: it belongs on stderr";
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!line.empty() && blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && blank(line.back())) line.remove_suffix(1);
  if (begins_like(line, "content-length:"))
    return "Content-Length framing: MCP over stdio has one message a line, without headers";
  if (part_of_json(line))
    return "a part of JSON that is spread over several lines: MCP over stdio has one message a "
           "line";
  return {};
}

}  // namespace sidecar::mux
