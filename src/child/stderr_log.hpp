// StderrLog: the child's stderr, line by line, into our log, and its last lines for error reports.
// Text is kept as it came, which may not be UTF-8. A line beyond 8 KB loses its middle.
// Owned by Process. Loop thread only.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "child/line_framer.hpp"
#include "observe/log.hpp"

namespace sidecar::child {

class StderrLog : private LineSink {
 public:
  static constexpr std::size_t kTailLines = 64;
  static constexpr std::size_t kMaxLine = std::size_t{8} << 10;

  // `name`: of the child, for the log; outlives this.
  StderrLog(observe::Log& log, std::string_view name) : log_(log), name_(name) {}

  void feed(std::string_view bytes) { framer_.feed(bytes); }
  // The stream ended: a last line without LF counts, for it may say why.
  void finish() { framer_.finish(); }
  // Oldest first. Empty lines are neither logged nor kept.
  std::vector<std::string> tail() const { return {tail_.begin(), tail_.end()}; }

 private:
  void on_line(std::string line) override;
  void on_line_too_long(std::string first, std::string last, std::size_t size) override;

  observe::Log& log_;
  std::string_view name_;
  LineFramer framer_{kMaxLine, *this};
  std::deque<std::string> tail_;
};

}  // namespace sidecar::child
