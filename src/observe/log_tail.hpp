// LogTail: the last lines of the log, for whoever looks at the running program. Lines come from the
// thread that writes the log and are read on another: a mutex, the only one beside that of the
// audit log's queue, is held while one is put down and while some are copied out. Bounded in lines
// and bytes. Any thread.
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
  static constexpr std::size_t kLines = 500;           // older ones are forgotten
  static constexpr std::size_t kBytes = 1 << 20;       // of all lines; the same
  static constexpr std::size_t kMaxLength = 16 << 10;  // bytes of a line that are kept
  static constexpr std::size_t kMaxShown = 1000;

  struct Line {
    std::chrono::system_clock::time_point time;
    std::string_view level;  // a literal: "trace", "debug", "info", "warning", "error", "critical"
    // in the log's text form, without time and level; cut where it is too long
    std::string text;
  };

  // `format`: of the lines that are put down.
  explicit LogTail(LogFormat format) : format_(format) {}

  void add(std::chrono::system_clock::time_point time, std::string_view level,
           std::string_view written);

  // Lines are numbered from 0 in the order in which they were written. count() is the number of the
  // next one.
  std::uint64_t count() const;
  // The newest `most` of those with numbers from `first` to below `end`, oldest first, as far as
  // they are kept.
  std::vector<Line> lines(std::uint64_t first, std::uint64_t end, std::size_t most) const;

 private:
  const LogFormat format_;
  mutable std::mutex mutex_;
  std::deque<Line> lines_;  // texts as they were written
  std::size_t bytes_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace sidecar::observe
