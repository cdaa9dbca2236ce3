// Log: one line an event. A fixed event text that can be grepped, then fields: `child exited code=1
// restarts=2` as text, {"time":…,"level":…,"event":"child exited","code":1,…} as JSON lines.
// Secrets never reach a log call. Thread-safe (spdlog); never blocks the loop when its sink is
// asynchronous.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace spdlog {
class logger;
}

namespace sidecar::observe {

struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  template <class T>
  LogField(std::string_view name, const T& data) : key(name), value(convert(data)) {}

  std::string_view key;
  Value value;

 private:
  template <class T>
  static Value convert(const T& data) {
    if constexpr (std::is_same_v<T, bool>)
      return data;
    else if constexpr (std::is_floating_point_v<T>)
      return static_cast<double>(data);
    else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
      return static_cast<std::int64_t>(data);
    else if constexpr (std::is_integral_v<T>)
      return static_cast<std::uint64_t>(data);
    else
      return std::string_view(data);
  }
};

enum class LogFormat { kText, kJson };
enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };

class LogTail;

class Log {
 public:
  using Fields = std::initializer_list<LogField>;

  // `worker`: what an asynchronous sink works on; its end writes what is still queued. `tail`: gets
  // every line that is written.
  Log(std::shared_ptr<spdlog::logger> sink, LogFormat format,
      std::shared_ptr<void> worker = nullptr, std::shared_ptr<LogTail> tail = nullptr);

  void debug(std::string_view event, Fields fields = {}) { write(LogLevel::kDebug, event, fields); }
  void info(std::string_view event, Fields fields = {}) { write(LogLevel::kInfo, event, fields); }
  void warn(std::string_view event, Fields fields = {}) { write(LogLevel::kWarn, event, fields); }
  void error(std::string_view event, Fields fields = {}) { write(LogLevel::kError, event, fields); }

  void set_level(LogLevel level);
  bool enabled(LogLevel level) const;
  void write(LogLevel level, std::string_view event, Fields fields);
  // nullptr: its last lines are not kept.
  const LogTail* tail() const { return tail_.get(); }

 private:
  std::shared_ptr<void> worker_;          // outlives sink_: queued lines hold the logger
  std::shared_ptr<spdlog::logger> sink_;  // shared: spdlog's own ownership of loggers
  LogFormat format_;
  std::shared_ptr<LogTail> tail_;  // shared with the logger, which the writing thread holds
};

// The program's log: to stderr, through a bounded queue and a thread of its own; when the queue is
// full the oldest line is dropped. Destroying the last user flushes. `keeps_tail`: its last lines
// can be read.
Log make_stderr_log(LogLevel level, LogFormat format, bool keeps_tail);

// A line as the log's text form has it, of what its JSON form writes behind time and level. What is
// no such line (it may have been cut) stays as it is.
std::string text_form(std::string_view json_members);

// A log that writes nowhere, for tests.
Log make_null_log();

}  // namespace sidecar::observe
