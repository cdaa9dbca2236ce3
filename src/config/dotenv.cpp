#include "config/dotenv.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <system_error>
#include <unordered_map>

#include "config/text.hpp"

namespace sidecar::config {
namespace {

constexpr std::size_t kMaxWarnings = 20;

bool name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

std::string with_plain_line_ends(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r')
      plain += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n')
      plain += '\n';
  }
  return plain;
}

std::string expanded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next != 'n' && next != 'r') {
      out += text[i];
      continue;
    }
    out += next == 'n' ? '\n' : '\r';
    ++i;
  }
  return out;
}

class Reader {
 public:
  Reader(std::string text, std::string file) : text_(std::move(text)) {
    out_.file = std::move(file);
  }

  Result<Dotenv> read() {
    while (at_ < text_.size()) {
      if (auto done = read_line(); !done) return tl::unexpected(done.error());
      line_ += static_cast<std::size_t>(
          std::count(text_.begin() + offset(begin_), text_.begin() + offset(at_), '\n'));
    }
    if (unsaid_ > 0)
      out_.warnings.push_back(fmt::format("{}: {} more warnings", out_.file, unsaid_));
    if (!read_otherwise_.empty()) {
      out_.warnings.push_back(fmt::format(
          "{}: quotes, 'export' and ' #' comments are not part of a value; http-wrapper.cjs may "
          "have read these differently: {}",
          out_.file, listed(read_otherwise_)));
    }
    return std::move(out_);
  }

 private:
  struct Value {
    std::string text;
    std::size_t end = 0;  // position of the LF (or the end) after it
  };

  static std::ptrdiff_t offset(std::size_t position) {
    return static_cast<std::ptrdiff_t>(position);
  }

  // Reads one line, or all lines of a quoted value, and moves `at_` past it.
  Result<void> read_line() {
    begin_ = at_;
    const std::size_t line_end = end_of_line(at_);
    const std::string_view line = std::string_view(text_).substr(begin_, line_end - begin_);
    at_ = std::min(line_end + 1, text_.size());
    if (const auto content = trimmed(line); content.empty() || content.front() == '#') return {};

    std::size_t position = skip_export(skip_blanks(begin_));
    const std::size_t name_begin = position;
    while (position < line_end && name_character(text_[position])) ++position;
    const std::string name = text_.substr(name_begin, position - name_begin);
    position = skip_blanks(position);
    if (name.empty() || position >= line_end || text_[position] != '=') {
      warn("not NAME=value, ignored");
      return {};
    }
    Value value = read_value(skip_blanks(position + 1), name);
    at_ = std::min(value.end + 1, text_.size());
    if (name.size() + value.text.size() + 2 > kMaxDotenvPairBytes) {
      return fail(fmt::format("{}:{}: {} is longer than the {} bytes that a program can be given",
                              out_.file, line_, name, kMaxDotenvPairBytes));
    }
    if (!as_old_wrapper(line, name, value.text)) {
      read_otherwise_.push_back(fmt::format("{} (line {})", name, line_));
    }
    return keep({name, std::move(value.text), line_});
  }

  Value read_value(std::size_t position, const std::string& name) {
    if (position < text_.size() && quote(text_[position])) {
      if (const auto close = closing_quote(position)) {
        const std::string inner = text_.substr(position + 1, *close - position - 1);
        return {text_[position] == '"' ? expanded(inner) : inner, end_of_line(*close)};
      }
    }
    const std::size_t line_end = end_of_line(position);
    std::size_t end = position;
    while (end < line_end && !(text_[end] == '#' && blank(text_[end - 1]))) ++end;
    const std::string_view value =
        trimmed(std::string_view(text_).substr(position, end - position));
    if (value.empty() || !quote(value.front())) return {std::string(value), line_end};
    if (value.size() >= 2 && value.back() == value.front()) {
      const std::string_view inner = value.substr(1, value.size() - 2);
      return {value.front() == '"' ? expanded(inner) : std::string(inner), line_end};
    }
    warn(fmt::format("the quote before the value of {} does not close: taken literally", name));
    return {std::string(value), line_end};
  }

  // The quote that closes the one at `open`: the last one that only a comment or the end of the
  // line follows. The first quote without a backslash before it ends the search, so the time is
  // linear.
  std::optional<std::size_t> closing_quote(std::size_t open) const {
    std::optional<std::size_t> close;
    for (std::size_t i = open + 1; i < text_.size(); ++i) {
      if (text_[i] != text_[open]) continue;
      const std::size_t rest = skip_blanks(i + 1);
      if (rest == text_.size() || text_[rest] == '\n' || text_[rest] == '#') close = i;
      if (text_[i - 1] != '\\') break;
    }
    return close;
  }

  // True if the predecessor read the line in the same way: everything after the first `=`, trimmed.
  static bool as_old_wrapper(std::string_view line, std::string_view name, std::string_view value) {
    const std::size_t equals = line.find('=');
    return trimmed(line.substr(0, equals)) == name && trimmed(line.substr(equals + 1)) == value;
  }

  Result<void> keep(DotenvPair pair) {
    const auto [known, fresh] = index_.try_emplace(pair.name, out_.pairs.size());
    if (!fresh) {
      DotenvPair& earlier = out_.pairs[known->second];
      if (earlier.value != pair.value) {
        warn(fmt::format("{} was set in line {} already: the last one counts", pair.name,
                         earlier.line));
      }
      earlier = std::move(pair);
    } else if (out_.pairs.size() == kMaxDotenvPairs) {
      return fail(fmt::format("{}:{}: more than {} variables", out_.file, line_, kMaxDotenvPairs));
    } else {
      out_.pairs.push_back(std::move(pair));
    }
    return {};
  }

  std::size_t end_of_line(std::size_t position) const {
    return std::min(text_.find('\n', position), text_.size());
  }

  std::size_t skip_blanks(std::size_t position) const {
    while (position < text_.size() && blank(text_[position])) ++position;
    return position;
  }

  std::size_t skip_export(std::size_t position) const {
    constexpr std::string_view kExport = "export";
    if (text_.compare(position, kExport.size(), kExport) != 0) return position;
    const std::size_t rest = skip_blanks(position + kExport.size());
    const bool another_word =
        rest > position + kExport.size() && rest < text_.size() && name_character(text_[rest]);
    return another_word ? rest : position;  // `export = 1` sets a variable of that name
  }

  void warn(std::string_view what) {
    if (out_.warnings.size() == kMaxWarnings)
      ++unsaid_;
    else
      out_.warnings.push_back(fmt::format("{}:{}: {}", out_.file, line_, what));
  }

  std::string text_;
  std::size_t at_ = 0;     // the next character to read
  std::size_t begin_ = 0;  // start of the current line
  std::size_t line_ = 1;
  std::size_t unsaid_ = 0;  // warnings beyond kMaxWarnings
  std::vector<std::string> read_otherwise_;
  std::unordered_map<std::string, std::size_t> index_;
  Dotenv out_;
};

}  // namespace

Result<Dotenv> parse_dotenv(std::string_view given, std::string file) {
  if (given.size() > kMaxDotenvBytes)
    return fail(fmt::format("{}: larger than {} bytes", file, kMaxDotenvBytes));
  const auto plain = plain_text(given);
  if (!plain) return fail(fmt::format("{}: {}", file, plain.error().message));
  const std::string_view text = *plain;
  if (const auto nul = text.find('\0'); nul != text.npos) {
    return fail(fmt::format(
        "{}:{}: holds a NUL character: not a text file", file,
        1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n')));
  }
  return Reader(with_plain_line_ends(text), std::move(file)).read();
}

Result<Dotenv> read_dotenv(const std::filesystem::path& path, std::string shown) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return fail(shown +
                ": is a directory (Docker makes one where the file to mount does not exist)");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return fail(
        fmt::format("{}: cannot be read: {}", shown, std::generic_category().message(errno)));
  std::string text(kMaxDotenvBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail(shown + ": cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_dotenv(text, std::move(shown));
}

}  // namespace sidecar::config
