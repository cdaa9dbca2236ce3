#include "jsonrpc/splice.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <fmt/format.h>

namespace sidecar::jsonrpc {

std::string splice(std::string_view text, std::initializer_list<Edit> edits) {
  std::array<Edit, 4> sorted;
  assert(edits.size() <= sorted.size());
  const auto end = std::copy_if(edits.begin(), edits.end(), sorted.begin(),
                                [](const Edit& edit) { return static_cast<bool>(edit.at); });
  std::sort(sorted.begin(), end, [](const Edit& a, const Edit& b) { return a.at.begin < b.at.begin; });

  std::size_t size = text.size();
  for (auto edit = sorted.begin(); edit != end; ++edit) size = size - edit->at.size + edit->with.size();
  std::string result;
  result.reserve(size + kPadding);
  std::size_t from = 0;
  for (auto edit = sorted.begin(); edit != end; ++edit) {
    assert(edit->at.begin >= from);
    result.append(text, from, edit->at.begin - from).append(edit->with);
    from = edit->at.end();
  }
  result.append(text, from, text.size() - from);
  return result;
}

std::string request_text(std::string_view id, std::string_view method, std::string_view params) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":{}{}{}}})", id, string_token(method),
                     params.empty() ? "" : R"(,"params":)", params);
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
