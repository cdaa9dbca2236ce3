#include "config/command.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

#include "config/masked_urls.hpp"
#include "config/text.hpp"

namespace sidecar::config {
namespace {

constexpr std::string_view kMask = "***";

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

struct Word {
  std::string text;        // without quotes and escapes
  std::size_t begin = 0;   // in the command line
  std::size_t end = 0;     // the same
  std::size_t plain = 0;   // length of its part before the first quote or backslash
  bool quoted = false;     // has quotes or backslashes
  bool expansion = false;  // a shell would replace a part of it
};

struct Split {
  std::vector<Word> words;
  std::string fault;  // the last word is not complete
};

class WordSplitter {
 public:
  explicit WordSplitter(std::string_view text) : text_(text) {}

  Split split() {
    while (at_ < text_.size() && out_.fault.empty()) {
      const char c = text_[at_];
      if (blank(c) || c == '\n' || c == '\r') {
        open_ = false;
        ++at_;
        continue;
      }
      Word& current = word();
      ++at_;
      if (c == '\'' || c == '"') {
        current.quoted = true;
        take_quoted(c, current);
      } else if (c == '\\') {
        current.quoted = true;
        if (at_ == text_.size())
          out_.fault = "ends in a backslash";
        else
          current.text += text_[at_++];
      } else {
        current.expansion |= expands(c) || (is_home(c) && current.text.empty() && !current.quoted);
        current.text += c;
        if (!current.quoted) ++current.plain;
      }
      current.end = at_;
    }
    return std::move(out_);
  }

 private:
  Word& word() {
    if (!open_) out_.words.push_back({{}, at_, at_});
    open_ = true;
    return out_.words.back();
  }

  void take_quoted(char quote, Word& word) {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote) return;
      // Inside double quotes a backslash escapes only " \ $ and `.
      const bool escape = quote == '"' && c == '\\' && at_ < text_.size() &&
                          std::string_view("\"\\$`").find(text_[at_]) != std::string_view::npos;
      word.expansion |= quote == '"' && !escape && expands(c);
      word.text += escape ? text_[at_++] : c;
    }
    out_.fault = fmt::format("the quote {} does not close", quote);
  }

  // REQUIRES: `c` is in front of at_, not escaped and not in single quotes.
  bool expands(char c) const {
    if (c == '`') return true;
    if (c != '$' || at_ == text_.size()) return false;
    return letter(text_[at_]) || text_[at_] == '{' || text_[at_] == '(';
  }

  // The same; also not in double quotes.
  bool is_home(char c) const {
    return c == '~' && (at_ == text_.size() || text_[at_] == '/' || blank(text_[at_]));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool open_ = false;  // the last word continues
  Split out_;
};

Split split_words(std::string_view text) { return WordSplitter(text).split(); }

// Length of "NAME=" at the begin of the text; 0: it is something else.
std::size_t name_size(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0 || !letter(text.front())) return 0;
  const std::string_view name = text.substr(0, equals);
  const bool fits =
      std::all_of(name.begin(), name.end(), [](char c) { return letter(c) || digit(c); });
  return fits ? equals + 1 : 0;
}

bool sets_variable(const Word& word) {
  const std::size_t size = name_size(word.text);
  return size > 0 && size <= word.plain;
}

bool is_operator(const Word& word) {
  constexpr std::string_view kWhole[] = {"&&", "||", "|",  "|&", ";",   ";;",
                                         "&",  ">",  ">>", "<",  "<<<", "<<"};
  constexpr std::string_view kBegins[] = {"1>", "2>", ">&", "&>"};
  if (word.quoted) return false;
  const std::string_view text = word.text;
  return std::find(std::begin(kWhole), std::end(kWhole), text) != std::end(kWhole) ||
         std::any_of(std::begin(kBegins), std::end(kBegins),
                     [text](std::string_view begin) { return text.starts_with(begin); });
}

// Length of the part of a word in front of the value of a variable: NAME=, --env=NAME=, -eNAME=.
// 0: it has none.
std::size_t value_begin(std::string_view word) {
  for (const std::string_view option : {"", "--env=", "-e"}) {
    if (!word.starts_with(option)) continue;
    if (const auto size = name_size(word.substr(option.size())); size > 0)
      return option.size() + size;
  }
  return 0;
}

}  // namespace

Result<Command> parse_command(std::string_view text) {
  Split split = split_words(text);
  if (!split.fault.empty()) return fail(split.fault);
  Command command;
  for (Word& word : split.words) {
    if (is_operator(word))
      return fail(
          fmt::format("the word {} is an operator of a shell, and no shell runs: put the whole "
                      "command into sh -c '…'",
                      word.text));
    const bool variable = command.words.empty() && sets_variable(word);
    (variable ? command.variables : command.words).push_back(std::move(word.text));
  }
  if (command.words.empty() || command.words.front().empty()) return fail("names no program");
  return command;
}

bool has_shell_syntax(std::string_view text) {
  const Split split = split_words(text);
  return std::any_of(split.words.begin(), split.words.end(), [](const Word& word) {
    const bool redirection = word.plain > 0 && (word.text[0] == '<' || word.text[0] == '>');
    return word.expansion || redirection || (!word.quoted && word.text.ends_with(';'));
  });
}

std::string command_line(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    const bool plain = !word.empty() && std::none_of(word.begin(), word.end(), [](char c) {
      return blank(c) || control(c) || c == '\'' || c == '"' || c == '\\';
    });
    if (plain) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

std::string masked_command(const Command& command) {
  std::vector<std::string> words = command.variables;
  words.insert(words.end(), command.words.begin(), command.words.end());
  return masked_command(words);
}

std::string masked_command(const std::vector<std::string>& words) {
  std::vector<std::string> masked;
  masked.reserve(words.size());
  for (const std::string& word : words) {
    const std::size_t begin = value_begin(word);
    masked.push_back(begin > 0 ? word.substr(0, begin).append(kMask) : masked_word(word));
  }
  return fmt::format("{}", fmt::join(masked, " "));
}

std::string masked_command_line(std::string_view text) {
  std::string masked;
  std::size_t at = 0;
  for (const Word& word : split_words(text).words) {
    const std::size_t begin = value_begin(word.text);
    if (begin == 0) continue;
    masked += text.substr(at, word.begin - at);
    masked += std::string_view(word.text).substr(0, begin);
    masked += kMask;
    at = word.end;
  }
  masked += text.substr(at);
  return masked_urls(masked);
}

std::vector<std::string_view> variable_values(std::string_view text) {
  std::vector<std::string_view> values;
  for (const Word& word : split_words(text).words) {
    if (value_begin(word.text) == 0) continue;
    const std::string_view given = text.substr(word.begin, word.end - word.begin);
    values.push_back(given.substr(std::min(given.find('='), given.size() - 1) + 1));
  }
  return values;
}

}  // namespace sidecar::config
