#include "observe/log_tail.hpp"

#include <algorithm>

namespace sidecar::observe {

void LogTail::add(std::chrono::system_clock::time_point time, std::string_view level,
                  std::string_view written) {
  Line line{time, level, std::string(written.substr(0, kMaxLength))};
  const std::lock_guard lock(mutex_);
  bytes_ += line.text.size();
  lines_.push_back(std::move(line));
  ++count_;
  while (lines_.size() > kLines || bytes_ > kBytes) {
    bytes_ -= lines_.front().text.size();
    lines_.pop_front();
  }
}

std::uint64_t LogTail::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

std::vector<LogTail::Line> LogTail::lines(std::uint64_t first, std::uint64_t end,
                                          std::size_t most) const {
  std::vector<Line> found;
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t oldest = count_ - lines_.size();
    end = std::min(end, count_);
    first = std::max({first, oldest, end > most ? end - most : 0});
    for (; first < end; ++first) found.push_back(lines_[first - oldest]);
  }
  for (Line& line : found) {
    if (format_ == LogFormat::kJson) line.text = text_form(line.text);
    if (line.text.size() > kMaxShown) line.text.resize(kMaxShown);
  }
  return found;
}

}  // namespace sidecar::observe
