#include "jsonrpc/truncated.hpp"

#include <algorithm>
#include <cctype>

#include "jsonrpc/member_names.hpp"

namespace sidecar::jsonrpc {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Reads members `"key": scalar` one after the other; stops at anything else.
class Members {
 public:
  explicit Members(std::string_view text) : text_(text) {}

  void skip(char c) {
    spaces();
    if (at_ < text_.size() && text_[at_] == c) ++at_;
  }

  bool next(std::string_view& key, std::string_view& value) {
    spaces();
    key = string();
    spaces();
    if (key.empty() || at_ >= text_.size() || text_[at_] != ':') return false;
    ++at_;
    spaces();
    value = at_ < text_.size() && text_[at_] == '"' ? string() : word();
    spaces();
    // A value with nothing behind it may be cut.
    return !value.empty() && at_ < text_.size() && (text_[at_] == ',' || text_[at_] == '}');
  }

  bool at_end_of_object() {
    if (at_ >= text_.size() || text_[at_] != '}') return false;
    ++at_;
    spaces();
    return at_ == text_.size();
  }

 private:
  void spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::string_view string() {
    const std::size_t begin = at_;
    if (at_ >= text_.size() || text_[at_] != '"') return {};
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\')
        ++at_;
      else if (text_[at_] == '"')
        return text_.substr(begin, ++at_ - begin);
    }
    return {};
  }

  std::string_view word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '-' || text_[at_] == '+' || text_[at_] == '.')) {
      ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Whether some JSON reader takes a member for the id. `token`: its name, with quotes.
bool may_be_id(std::string_view token) {
  const std::string name = unescaped(token.substr(1, token.size() - 2));
  return name == "id" || reads_like(name, "id", false);
}

// Tries each "id", the last one first: only scalar members may follow, up to the closing brace of
// the message.
std::optional<std::string_view> id_at_end(std::string_view last) {
  std::string_view key;
  std::string_view value;
  for (std::size_t at = last.rfind("\"id\""); at != std::string_view::npos;
       at = at == 0 ? std::string_view::npos : last.rfind("\"id\"", at - 1)) {
    Members tail(last.substr(at));
    std::optional<std::string_view> id;
    while (tail.next(key, value)) {
      if (id && may_be_id(key)) return std::nullopt;
      if (!id) id = value;
      if (tail.at_end_of_object()) return id;
      tail.skip(',');
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> id_of_truncated(std::string_view first, std::string_view last) {
  std::string_view key;
  std::string_view value;
  Members head(first);
  head.skip('{');
  std::optional<std::string_view> found;
  while (head.next(key, value)) {
    if (may_be_id(key)) {
      if (found || key != "\"id\"") return std::nullopt;
      found = value;
    }
    head.skip(',');
  }
  return found ? found : id_at_end(last);
}

std::optional<std::string_view> id_of_unusable_answer(std::string_view line) {
  constexpr std::size_t kTail = 1024;  // bytes; the members behind the result are short
  const std::size_t brace = line.find('{');
  if (brace == std::string_view::npos) return std::nullopt;
  line.remove_prefix(brace);
  std::string_view key;
  std::string_view value;
  Members members(line);
  members.skip('{');
  bool answer = false;
  const auto look_at_key = [&] { answer = answer || key == "\"result\"" || key == "\"error\""; };
  while (members.next(key, value)) {
    look_at_key();
    if (key == "\"method\"") return std::nullopt;
    members.skip(',');
  }
  look_at_key();  // of the member that is not a scalar, or is cut
  if (!answer || key == "\"method\"") return std::nullopt;
  return id_of_truncated(line, line.substr(line.size() - std::min(line.size(), kTail)));
}

}  // namespace sidecar::jsonrpc
