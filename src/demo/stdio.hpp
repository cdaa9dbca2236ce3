// Stdio: reads lines from stdin until a deadline and writes lines to stdout. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sidecar::demo {

class Stdio {
 public:
  static constexpr std::size_t kMaxLine = 64 << 20;  // bytes; a longer line is discarded

  enum class Read { kData, kDeadline, kEnd };

  // Waits for input until `due` and passes each whole line to `on_line`; calls `on_too_long` for a
  // line beyond kMaxLine. kEnd: end of file or a read error; a last line may lack its LF.
  Read read_lines(std::optional<std::chrono::steady_clock::time_point> due,
                  const std::function<void(std::string_view)>& on_line,
                  const std::function<void()>& on_too_long);

  // Queues a line; flush() writes the queue. False: stdout failed.
  void write_line(std::string_view line);
  bool flush();

 private:
  std::string input_;      // an incomplete line
  bool skipping_ = false;  // inside a line beyond kMaxLine
  std::string output_;
};

}  // namespace sidecar::demo
