#include "jsonrpc/splice.hpp"

#include <array>
#include <cassert>
#include <fmt/format.h>

namespace sidecar::jsonrpc {
namespace {

constexpr std::size_t kMaxEdits = 4;

// The edits that are not ignored, in text order.
class Sorted {
 public:
  explicit Sorted(std::initializer_list<Edit> edits) {
    for (const Edit& edit : edits) {
      if (!edit.at) continue;
      assert(count_ < kMaxEdits);
      std::size_t place = count_++;
      for (; place > 0 && edits_[place - 1].at.begin > edit.at.begin; --place)
        edits_[place] = edits_[place - 1];
      edits_[place] = edit;
      if (edit.with.size() > edit.at.size) growth_ += edit.with.size() - edit.at.size;
      removed_ += edit.at.size;
      added_ += edit.with.size();
    }
  }

  const Edit* begin() const { return edits_.data(); }
  const Edit* end() const { return edits_.data() + count_; }
  // Bytes by which the text grows at most.
  std::size_t growth() const { return growth_; }
  // The size of a text of `size` bytes after the edits.
  std::size_t size_after(std::size_t size) const { return size - removed_ + added_; }

 private:
  std::array<Edit, kMaxEdits> edits_;
  std::size_t count_ = 0;
  std::size_t growth_ = 0;
  std::size_t removed_ = 0;
  std::size_t added_ = 0;
};

}  // namespace

std::string splice(std::string_view text, std::initializer_list<Edit> edits) {
  const Sorted sorted(edits);
  std::string result;
  result.reserve(sorted.size_after(text.size()) + kPadding);
  std::size_t from = 0;
  for (const Edit& edit : sorted) {
    assert(edit.at.begin >= from);
    result.append(text, from, edit.at.begin - from).append(edit.with);
    from = edit.at.end();
  }
  result.append(text, from, text.size() - from);
  return result;
}

std::string splice_in_place(std::string text, std::initializer_list<Edit> edits) {
  const Sorted sorted(edits);
  text.reserve(text.size() + sorted.growth() + kPadding);
  for (const Edit* edit = sorted.end(); edit != sorted.begin();) {
    --edit;
    text.replace(edit->at.begin, edit->at.size, edit->with);
  }
  return text;
}

std::string without_member(std::string_view text, Span within, Span value) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  std::size_t begin = text.rfind('"', text.rfind(':', value.begin));  // the end of the key
  begin = text.rfind('"', begin - 1);  // its beginning: the keys that are looked for hold no quote
  std::size_t end = value.end();
  std::size_t before = begin;
  while (is_space(text[before - 1])) --before;
  std::size_t after = end;
  while (after < within.end() && is_space(text[after])) ++after;
  if (text[before - 1] == ',') {
    begin = before - 1;
  } else if (text[after] == ',') {
    end = after + 1;
  }
  std::string rest;
  rest.reserve(text.size() - (end - begin) + kPadding);
  return rest.append(text.substr(0, begin)).append(text.substr(end));
}

std::string request_text(std::string_view id, std::string_view method, std::string_view params) {
  static constexpr std::string_view kAround = R"({"jsonrpc":"2.0","id":,"method":,"params":})";
  const std::string name = string_token(method);
  std::string text;
  text.reserve(kAround.size() + id.size() + name.size() + params.size() + kPadding);
  text.append(R"({"jsonrpc":"2.0","id":)").append(id).append(R"(,"method":)").append(name);
  if (!params.empty()) text.append(R"(,"params":)").append(params);
  return text += '}';
}

std::string notification_text(std::string_view method, std::string_view params) {
  return fmt::format(R"({{"jsonrpc":"2.0","method":{}{}{}}})", string_token(method),
                     params.empty() ? "" : R"(,"params":)", params);
}

std::string result_text(std::string_view id, std::string_view result) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})", id, result);
}

std::string error_object(int code, std::string_view message, std::string_view data) {
  return fmt::format(R"({{"code":{},"message":{}{}{}}})", code, string_token(message),
                     data.empty() ? "" : R"(,"data":)", data);
}

std::string error_text(std::string_view id, std::string_view error_object) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{}}})", id, error_object);
}

}  // namespace sidecar::jsonrpc
