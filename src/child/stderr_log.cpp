#include "child/stderr_log.hpp"

#include <fmt/format.h>
#include <utility>

#include "child/error_line.hpp"

namespace sidecar::child {
namespace {

// The most bytes of log that a line takes. Time, level, event and names precede the text.
std::size_t log_bytes(std::string_view line) {
  constexpr std::size_t kMembers = 256;
  std::size_t bytes = kMembers;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    const bool escaped = byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\';
    bytes += escaped       ? 6
             : byte < 0x80 ? 1
                           : 3;  // \u001b; itself; U+FFFD for a byte of no character
  }
  return bytes;
}

}  // namespace

std::vector<std::string> StderrLog::tail() const {
  std::vector<std::string> texts;
  texts.reserve(tail_.size());
  for (const Line& line : tail_) texts.push_back(line.text);
  return texts;
}

std::string StderrLog::reason(Clock::time_point end, EndedBy by) const {
  if (by == EndedBy::kOthers) return {};
  const auto since = [&](Clock::duration age) {
    std::vector<std::string_view> lines;
    for (const Line& line : tail_) {
      if (line.at >= end - age && (by == EndedBy::kItself || line.at <= end))
        lines.push_back(line.text);
    }
    return lines;
  };
  std::string named = named_error(since(kErrorAge));
  return named.empty() && by == EndedBy::kItself ? last_words(since(kWordsAge)) : named;
}

void StderrLog::on_line(std::string line) {
  if (line.empty()) return;
  if (log_.enabled(observe::LogLevel::kInfo) && budget_.take(log_bytes(line), line.size()))
    log_.info("child stderr", {{"child", name_}, {"line", line}});
  keep(std::move(line));
}

void StderrLog::on_line_too_long(std::string first, std::string last, std::size_t size) {
  on_line(
      fmt::format("{} … {} bytes left out … {}", first, size - first.size() - last.size(), last));
}

void StderrLog::keep(std::string line) {
  if (tail_.size() == kTailLines) tail_.pop_front();
  line.shrink_to_fit();
  tail_.push_back({std::move(line), timers_.now()});
}

}  // namespace sidecar::child
