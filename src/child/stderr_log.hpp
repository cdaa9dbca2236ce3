// StderrLog: writes each line of the child's stderr to the log, and keeps the last lines for error
// reports. The kept text is unchanged and may not be UTF-8. A line beyond 8 KB loses its middle.
// Owned by Process. Loop thread only.
#pragma once

#include <deque>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "child/line_framer.hpp"
#include "observe/log.hpp"

namespace sidecar::child {

class StderrLog : private LineSink {
 public:
  static constexpr std::size_t kTailLines = 64;
  static constexpr std::size_t kMaxLine = std::size_t{8} << 10;  // bytes

  // `name`: the child's name in the log; outlives this.
  StderrLog(observe::Log& log, std::string_view name) : log_(log), name_(name) {}

  void feed(std::string_view bytes) { framer_.feed(bytes); }
  // The stream ended. A last line without LF counts, because it may give the reason.
  void finish() { framer_.finish(); }
  // A line that was not written to stderr. It is kept, not logged.
  void note(std::string_view line) { keep(std::string(line)); }
  // Oldest first. Empty lines are neither logged nor kept.
  std::vector<std::string> tail() const { return {tail_.begin(), tail_.end()}; }

 private:
  void on_line(std::string line) override {
    if (line.empty()) return;
    log_.info("child stderr", {{"child", name_}, {"line", line}});
    keep(std::move(line));
  }
  void keep(std::string line) {
    if (tail_.size() == kTailLines) tail_.pop_front();
    line.shrink_to_fit();
    tail_.push_back(std::move(line));
  }
  void on_line_too_long(std::string first, std::string last, std::size_t size) override {
    on_line(
        fmt::format("{} … {} bytes left out … {}", first, size - first.size() - last.size(), last));
  }

  observe::Log& log_;
  std::string_view name_;
  LineFramer framer_{kMaxLine, *this};
  std::deque<std::string> tail_;  // at most kTailLines
};

}  // namespace sidecar::child
