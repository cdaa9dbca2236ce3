// Log: one line per event: a fixed text to grep for, then fields.
//   as text  child exited code=1 restarts=2
//   as JSON  {"time":…,"level":…,"event":"child exited","server":"default","code":1,"restarts":2}
// Lines about a wrapped server have the field `server`; as text only if it is not kDefaultServer.
// Callers never pass secrets. Any thread (spdlog); with an asynchronous sink it does not block.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "config/settings.hpp"

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
using LogLevel = config::LogLevel;

class LogTail;

class Log {
 public:
  using Fields = std::initializer_list<LogField>;

  // `worker`: the thread pool of an asynchronous sink; its destructor writes the queued lines.
  // `tail`: receives every line too.
  Log(std::shared_ptr<spdlog::logger> sink, LogFormat format,
      std::shared_ptr<void> worker = nullptr, std::shared_ptr<LogTail> tail = nullptr);

  // The same log for lines about a wrapped server.
  Log for_server(std::string_view name) const;

  void debug(std::string_view event, Fields fields = {}) { write(LogLevel::kDebug, event, fields); }
  void info(std::string_view event, Fields fields = {}) { write(LogLevel::kInfo, event, fields); }
  void warn(std::string_view event, Fields fields = {}) { write(LogLevel::kWarn, event, fields); }
  void error(std::string_view event, Fields fields = {}) { write(LogLevel::kError, event, fields); }

  void set_level(LogLevel level);
  bool enabled(LogLevel level) const;
  void write(LogLevel level, std::string_view event, Fields fields) {
    write(level, event, fields, server_);
  }
  // `server`: name of the wrapped server that the line is about; empty: none.
  void write(LogLevel level, std::string_view event, Fields fields, std::string_view server);
  // nullptr: no lines are kept.
  const LogTail* tail() const { return tail_.get(); }

 private:
  std::shared_ptr<void> worker_;          // outlives sink_: queued lines hold the logger
  std::shared_ptr<spdlog::logger> sink_;  // shared: spdlog shares ownership of loggers
  LogFormat format_;
  std::string server_;             // of for_server(); else empty
  std::shared_ptr<LogTail> tail_;  // shared with the logger, which the worker thread uses
};

// The program's log: a bounded queue (2048 lines) and a thread that writes to stderr. A full queue
// drops its oldest line. Destroying the last user flushes. `keeps_tail`: tail() gives the last
// lines.
Log make_stderr_log(LogLevel level, LogFormat format, bool keeps_tail);

// Converts a line of the JSON form, without time and level, to the text form. Other text, such as a
// truncated line, is returned unchanged.
std::string text_form(std::string_view json_members);

// Discards every line; for tests.
Log make_null_log();

}  // namespace sidecar::observe
