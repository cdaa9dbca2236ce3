// Member names that some JSON readers take for another name.
#pragma once

#include <cctype>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::test {

// Other spellings of `name`, as written between the quotes of a key. REQUIRES: `name` begins with a
// letter or "_".
inline std::vector<std::string> spellings_of(std::string_view name) {
  const auto upper = [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  };
  const std::size_t letter = name.starts_with('_') ? 1 : 0;
  std::string capital(name);
  capital[letter] = upper(capital[letter]);
  std::string all(name);
  for (char& c : all) c = upper(c);
  std::string snake;
  for (const char c : name) {
    if (c != upper(c) || c == '_' || std::isalpha(static_cast<unsigned char>(c)) == 0)
      snake += c;
    else
      snake.append("_").append(1, static_cast<char>(c + ('a' - 'A')));
  }
  std::vector<std::string> spellings = {
      capital,
      all,
      std::string(name.substr(0, letter)) + fmt::format("\\u{:04x}", upper(name[letter])) +
          std::string(name.substr(letter + 1)),
      std::string(name) + "\\u0000",
      std::string(name) + "\\u0000\\u0000",
      std::string(name) + "\\u0000x",
      std::string(name) + "\\ud800",
      "\\udc00" + std::string(name),
  };
  static constexpr std::pair<char, std::string_view> kLetters[] = {
      {'s', "\u017f"},  {'k', "\u212a"}, {'k', "\\u212a"},
      {'s', "\\u017F"}, {'i', "\u0131"}, {'I', "\u0130"}};
  for (const auto& [plain, other] : kLetters) {
    if (const std::size_t at = name.find(plain); at != std::string_view::npos)
      spellings.push_back(
          std::string(name.substr(0, at)).append(other).append(name.substr(at + 1)));
  }
  if (snake != name) spellings.push_back(snake);
  if (letter == 1) spellings.emplace_back(name.substr(1));
  return spellings;
}

}  // namespace sidecar::test
