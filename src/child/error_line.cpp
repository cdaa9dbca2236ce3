#include "child/error_line.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace sidecar::child {
namespace {

using std::string_view;

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool non_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool of_word(char c) { return letter(c) || digit(c) || c == '_'; }

string_view trimmed(string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

template <std::size_t N>
bool starts_with_one_of(string_view text, const std::array<string_view, N>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [text](string_view each) { return text.starts_with(each); });
}

// ECMA-48 control sequences: ESC [ parameters final-byte.
std::string without_colours(string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!text.substr(at).starts_with("\x1b[")) {
      plain += text[at];
      continue;
    }
    at += 2;
    while (at < text.size() && text[at] >= 0x20 && text[at] < 0x40) ++at;
  }
  return plain;
}

// Python draws groups of exceptions with a margin: "  | Traceback (most recent call last):".
string_view without_margin(string_view text) {
  string_view rest = text;
  while (!rest.empty() && blank(rest.front())) rest.remove_prefix(1);
  if (rest.size() == text.size() || !(rest.starts_with("| ") || rest.starts_with("+ ")))
    return text;
  return rest.substr(2);
}

// "/app/index.js:3", "node:internal/modules/cjs/loader:1215"
bool is_location(string_view text) {
  const auto colon = text.rfind(':');
  return colon != text.npos && colon > 0 && colon + 1 < text.size() &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(colon) + 1, text.end(), digit) &&
         text.find(' ') == text.npos && text.find_first_of("/\\.") != text.npos;
}

bool is_frame(string_view text) {
  if (text.starts_with("at ")) return true;  // JavaScript, Java, .NET
  if (text.starts_with("File \"") || text.find(" File \"") != text.npos)
    return text.find(", line ") != text.npos;                                         // Python
  if (text.starts_with("from ") && text.find(":in ") != text.npos) return true;       // Ruby
  if (text.find(".go:") != text.npos && text.find(" +0x") != text.npos) return true;  // Go
  return text.starts_with("... ") && text.ends_with(" more");                         // Java
}

// Never names an error, whatever words are in it. `text` is trimmed.
bool is_noise(string_view text) {
  static constexpr std::array<string_view, 20> kBeginnings = {
      "Node.js v",
      "Bun v",
      "(Use `node ",
      "npm notice",
      "npm warn",
      "npm WARN",
      "npm http",
      "npm info",
      "npm verb",
      "npm timing",
      "goroutine ",
      "created by ",
      "exit status ",
      "note: run with ",
      "stack backtrace:",
      "Stack trace:",
      "During handling of the above exception",
      "The above exception was the direct cause",
      "[Previous line repeated",
      "throw "};
  const bool says_something = std::any_of(
      text.begin(), text.end(), [](char c) { return letter(c) || digit(c) || non_ascii(c); });
  return !says_something || starts_with_one_of(text, kBeginnings) || is_frame(text) ||
         is_location(text) || text.find("A complete log of this run") != text.npos ||
         (text.starts_with("npm ") && text.find("/_logs/") != text.npos);
}

// Of an npm error, the text behind the prefix; nothing for other lines.
string_view npm_error(string_view text) {
  static constexpr std::array<string_view, 2> kPrefixes = {"npm error", "npm ERR!"};
  if (!starts_with_one_of(text, kPrefixes)) return {};
  return trimmed(text.substr(kPrefixes[0].size() - (text.starts_with("npm ERR!") ? 1 : 0)));
}

// Lines in which npm repeats members of an error object, or a status alone.
bool is_npm_detail(string_view text) {
  static constexpr std::array<string_view, 9> kMembers = {"code ", "errno ",   "syscall ",
                                                          "path ", "command ", "signal ",
                                                          "dest ", "file ",    "workspace "};
  return text.empty() || starts_with_one_of(text, kMembers) ||
         std::all_of(text.begin(), text.end(), digit);
}

// "TypeError: …", "Error [ERR_X]: …", "… (RuntimeError)"
bool names_exception(string_view text) {
  for (const string_view word : {"Error", "Exception"}) {
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
      const string_view rest = text.substr(at + word.size());
      if (rest.starts_with(':')) return true;
      if (rest == ")") return true;
      if (rest.starts_with(" [") && rest.find("]:") != rest.npos) return true;
    }
  }
  return false;
}

enum class Mark { kNone, kWord, kMarked };

// How far a word such as "error" marks the line as one that reports an error.
Mark mark_of(string_view text) {
  static constexpr std::array<string_view, 5> kCrosses = {"×", "✗", "✘", "✖", "❌"};
  static constexpr std::array<string_view, 6> kWords = {"error",    "fatal",     "panic",
                                                        "critical", "exception", "failed"};
  if (const string_view of_npm = npm_error(text); !of_npm.empty() || text.starts_with("npm "))
    return is_npm_detail(of_npm) ? Mark::kWord : Mark::kMarked;
  if (starts_with_one_of(text, kCrosses)) return Mark::kMarked;
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  Mark found = Mark::kNone;
  for (const string_view word : kWords) {
    for (auto at = lower.find(word); at != lower.npos; at = lower.find(word, at + 1)) {
      const char before = at == 0 ? '\0' : lower[at - 1];
      const auto end = at + word.size();
      const char after = end == lower.size() ? '\0' : lower[end];
      if (of_word(before) || of_word(after)) continue;
      const bool marked = before == '\0' ||
                          string_view("=[\"(<").find(before) != string_view::npos ||
                          string_view(":]\"").find(after) != string_view::npos;
      if (marked && after != '\0') return Mark::kMarked;
      found = Mark::kWord;
    }
  }
  return found;
}

}  // namespace

std::string named_error(const std::vector<string_view>& lines) {
  std::string of_traceback, named, marked, with_word;
  bool in_traceback = false;  // the frames of a Python traceback
  bool after_panic = false;   // Rust writes the message below "thread 'main' panicked at …:"
  const auto keep_first = [](std::string& kept, string_view text) {
    if (kept.empty()) kept = text;
  };
  for (const string_view line : lines) {
    const std::string plain = without_colours(line);
    const string_view text = without_margin(plain);
    const string_view words = trimmed(text);
    if (words.find("Traceback (most recent call last):") != words.npos) {
      in_traceback = true;
      continue;
    }
    if (is_noise(words)) continue;
    if (in_traceback) {
      if (blank(text.front())) continue;
      in_traceback = false;
      of_traceback = words;
    } else if (after_panic || names_exception(words)) {
      after_panic = false;
      keep_first(named, words);
    } else if (words.find(" panicked at ") != words.npos && words.ends_with(':')) {
      after_panic = true;
    } else if (const Mark mark = mark_of(words); mark != Mark::kNone) {
      keep_first(mark == Mark::kMarked ? marked : with_word, words);
    }
  }
  for (std::string* const each : {&of_traceback, &named, &marked})
    if (!each->empty()) return std::move(*each);
  return with_word;
}

std::string last_words(const std::vector<string_view>& lines) {
  std::string indented;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const std::string plain = without_colours(*line);
    const string_view words = trimmed(plain);
    if (is_noise(words)) continue;
    if (!blank(plain.front())) return std::string(words);
    if (indented.empty()) indented = words;
  }
  return indented;
}

}  // namespace sidecar::child
