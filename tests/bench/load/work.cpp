#include <cstring>
#include <fmt/format.h>

#include "bench/load/closed_loop.hpp"

namespace sidecar::bench {
namespace {

constexpr std::string_view kText = R"("text":")";

// Whether every byte is an x: compares the text with itself shifted by one byte, at memory speed.
bool is_filler(std::string_view text, std::size_t bytes) {
  return text.size() == bytes &&
         (bytes == 0 ||
          (text[0] == 'x' && std::memcmp(text.data(), text.data() + 1, bytes - 1) == 0));
}

}  // namespace

std::string_view Work::tool() const {
  switch (wish_.tool) {
    case Tool::kCpu:
      return "cpu";
    case Tool::kBig:
      return "big";
    default:
      return "echo";
  }
}

std::string Work::message(std::size_t client, std::uint64_t number) const {
  std::string text = fmt::format("client {} call {}", client, number);
  if (wish_.tool == Tool::kEcho && text.size() < wish_.bytes) text.resize(wish_.bytes, '.');
  return text;
}

std::string Work::arguments(const std::string& message) const {
  switch (wish_.tool) {
    case Tool::kCpu:
      return fmt::format(R"({{"message":"{}","microseconds":{}}})", message, wish_.microseconds);
    case Tool::kBig:
      return fmt::format(R"({{"bytes":{}}})", wish_.bytes);
    default:
      return fmt::format(R"({{"message":"{}"}})", message);
  }
}

bool Work::is_answer(std::string_view json, const std::string& message) const {
  const std::size_t at = json.find(kText);
  if (at == std::string_view::npos) return false;
  const std::string_view text = json.substr(at + kText.size());
  if (wish_.tool == Tool::kBig)
    return text.size() > wish_.bytes && text[wish_.bytes] == '"' &&
           is_filler(text.substr(0, wish_.bytes), wish_.bytes);
  return text.size() > message.size() && text[message.size()] == '"' && text.starts_with(message) &&
         json.find(R"("isError":true)") == std::string_view::npos;
}

}  // namespace sidecar::bench
