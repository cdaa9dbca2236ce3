// Stdio: lines from stdin and to stdout, with a deadline to wait for. One thread, one poll.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sidecar::demo {

class Stdio {
 public:
  static constexpr std::size_t kMaxLine = 64 << 20;  // bytes; the rest of a longer one is discarded

  enum class Read { kData, kDeadline, kEnd };

  // Waits for input until `due`, and gives every whole line to `on_line`; one that is too long to
  // `on_too_long`. kEnd: end of file, or stdin broke. A last line without its LF counts.
  Read read_lines(std::optional<std::chrono::steady_clock::time_point> due,
                  const std::function<void(std::string_view)>& on_line,
                  const std::function<void()>& on_too_long);

  // Queues one line; flush() writes what is queued. False: nobody reads any more.
  void write_line(std::string_view line);
  bool flush();

 private:
  std::string input_;      // the beginning of a line
  bool skipping_ = false;  // inside a line that was too long
  std::string output_;
};

}  // namespace sidecar::demo
