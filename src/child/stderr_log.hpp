// StderrLog: writes each line of the child's stderr to the log, within a budget, and keeps the last
// lines for error reports, whether they were logged or not. The kept text is unchanged and may not
// be UTF-8. A line beyond 8 KB loses its middle. Owned by Process. Loop thread only.
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "child/line_framer.hpp"
#include "observe/log.hpp"
#include "observe/log_budget.hpp"
#include "util/timers.hpp"

namespace sidecar::child {

// How a process came to its end, which decides which of its lines may explain that.
enum class EndedBy {
  kItself,   // it exited, or crashed
  kSidecar,  // the sidecar ended it: later lines are a consequence
  kOthers,   // it was stopped, or others sent a signal: its lines say nothing about that
};

class StderrLog : private LineSink {
 public:
  static constexpr std::size_t kTailLines = 64;
  static constexpr std::size_t kMaxLine = std::size_t{8} << 10;  // bytes
  // Lines older than this at the end of the process are no reason for it: those that name an error;
  // others.
  static constexpr std::chrono::seconds kErrorAge{10};
  static constexpr std::chrono::seconds kWordsAge{1};

  // `name`: the child's name in the log; outlives this, as `budget` does. Its units are bytes of
  // log.
  StderrLog(observe::Log& log, Timers& timers, observe::LogBudget& budget, std::string_view name)
      : log_(log), timers_(timers), budget_(budget), name_(name) {}

  void feed(std::string_view bytes) { framer_.feed(bytes); }
  // The stream ended. A last line without LF counts, because it may give the reason.
  void finish() { framer_.finish(); }
  // A line that was not written to stderr. It is kept, not logged.
  void note(std::string_view line) { keep(std::string(line)); }
  // Oldest first. Empty lines are neither logged nor kept.
  std::vector<std::string> tail() const;
  // The line that explains the end at `end` (child/error_line.hpp); empty: none does.
  std::string reason(Clock::time_point end, EndedBy by) const;

 private:
  struct Line {
    std::string text;
    Clock::time_point at;
  };

  void on_line(std::string line) override;
  void on_line_too_long(std::string first, std::string last, std::size_t size) override;
  void keep(std::string line);

  observe::Log& log_;
  Timers& timers_;
  observe::LogBudget& budget_;
  std::string_view name_;
  LineFramer framer_{kMaxLine, *this};
  std::deque<Line> tail_;  // at most kTailLines
};

}  // namespace sidecar::child
