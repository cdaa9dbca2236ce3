// LogTail: the last lines of the log, for the dashboard. Bounded in lines and bytes; the oldest are
// dropped. The log's thread adds lines and the loop thread reads them under a mutex, which is held
// only while lines are stored or copied. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "observe/log.hpp"

namespace sidecar::observe {

class LogTail {
 public:
  static constexpr std::size_t kLines = 500;
  static constexpr std::size_t kBytes = 1 << 20;       // of all lines
  static constexpr std::size_t kMaxLength = 16 << 10;  // bytes kept of a line
  static constexpr std::size_t kMaxShown = 1000;       // bytes of a line that lines() returns

  struct Line {
    std::chrono::system_clock::time_point time;
    std::string_view level;  // a literal: "trace", "debug", "info", "warning", "error", "critical"
    // Text form without time and level, truncated to kMaxShown.
    std::string text;
  };

  // `format`: of the lines that add() receives.
  explicit LogTail(LogFormat format) : format_(format) {}

  void add(std::chrono::system_clock::time_point time, std::string_view level,
           std::string_view written);

  // Lines are numbered from 0 in the order of add(). count() is the number of the next line.
  std::uint64_t count() const;
  // The newest `most` lines with first <= number < end that are still kept, oldest first.
  std::vector<Line> lines(std::uint64_t first, std::uint64_t end, std::size_t most) const;

 private:
  const LogFormat format_;
  mutable std::mutex mutex_;
  std::deque<Line> lines_;  // in `format_`, truncated to kMaxLength
  std::size_t bytes_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace sidecar::observe
