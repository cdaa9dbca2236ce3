#include "config/text.hpp"

#include <fmt/format.h>

namespace sidecar::config {

bool in_quotes(std::string_view text) {
  const auto around = [](char c) { return blank(c) || c == '\n' || c == '\r'; };
  while (!text.empty() && around(text.front())) text.remove_prefix(1);
  while (!text.empty() && around(text.back())) text.remove_suffix(1);
  return text.size() > 1 && text.front() == text.back() && quote(text.front());
}

Result<std::string_view> plain_text(std::string_view file) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (file.starts_with("\xFF\xFE") || file.starts_with("\xFE\xFF"))
    return fail("UTF-16 text: save it as UTF-8");
  if (file.starts_with(kByteOrderMark)) file.remove_prefix(kByteOrderMark.size());
  return file;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::vector<std::string_view> list_items(std::string_view text) {
  std::vector<std::string_view> items;
  while (true) {
    const auto comma = text.find(',');
    if (const auto item = trimmed(text.substr(0, comma)); !item.empty()) items.push_back(item);
    if (comma == text.npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMax = 20;
  std::string line;
  for (std::size_t i = 0; i < names.size() && i < kMax; ++i)
    line += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMax) line += fmt::format(" and {} more", names.size() - kMax);
  return line;
}

std::string shown(std::string_view text) {
  constexpr std::size_t kMax = 60;
  std::size_t length = text.size();
  if (length > kMax) {
    length = kMax;
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  }
  std::string line(text.substr(0, length));
  for (char& c : line) {
    if (control(c)) c = '?';
  }
  return length < text.size() ? line + "…" : line;
}

}  // namespace sidecar::config
