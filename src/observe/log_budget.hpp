// LogBudget: bounds what one source may write to the log: a number of units at once, and as many a
// minute. What it exceeds is left out and counted; the counts are written once a minute, and when
// the budget is destroyed. Units are lines or bytes, as the caller likes. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "observe/log.hpp"
#include "util/timers.hpp"
#include "util/token_bucket.hpp"

namespace sidecar::observe {

class LogBudget {
 public:
  static constexpr std::chrono::minutes kWindow{1};

  // `units`: 0: no limit. `child` and `stream` tell in the counts what was left out; `child` may be
  // empty.
  LogBudget(Log& log, Timers& timers, std::size_t units, std::string child, std::string_view stream)
      : log_(log),
        timers_(timers),
        rate_{units, kWindow},
        child_(std::move(child)),
        stream_(stream) {}
  ~LogBudget() { report(); }
  LogBudget(const LogBudget&) = delete;
  LogBudget& operator=(const LogBudget&) = delete;

  // Whether a line may be written that costs `cost` units; if so, it is charged. Otherwise the line
  // counts as left out, with its `bytes`. A line that costs more than the budget needs all of it.
  bool take(std::size_t cost, std::size_t bytes);

 private:
  void report();

  Log& log_;
  Timers& timers_;
  const Rate rate_;
  const std::string child_;
  const std::string_view stream_;
  TokenBucket bucket_;
  std::uint64_t lines_ = 0;  // left out since the last report
  std::uint64_t bytes_ = 0;
  Timer timer_;
};

}  // namespace sidecar::observe
