// LineFramer: splits a stream of bytes into lines. A line ends with LF; the LF and a CR before it
// are not part of it. Each line is a separate string with spare bytes after the text, so that
// simdjson parses it in place. A line beyond the limit is discarded up to its LF; its size and its
// first and last 4 KB are reported. Knows nothing of pipes, JSON or time. Owned by Process and
// StderrLog. Loop thread only. Each byte is copied once, and again when a line that arrives in
// pieces doubles its capacity. After a large line the next large one reserves the same size at
// once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sidecar::child {

class LineSink {
 public:
  virtual ~LineSink() = default;
  virtual void on_line(std::string line) = 0;
  // `size`: bytes before the LF. `first` and `last` overlap when the line is shorter than both
  // together.
  virtual void on_line_too_long(std::string first, std::string last, std::size_t size) = 0;
};

class LineFramer {
 public:
  // Spare bytes after each line: 64 for simdjson, the rest so that a longer id fits.
  static constexpr std::size_t kPadding = 128;
  // Bytes kept of each end of a line beyond the limit.
  static constexpr std::size_t kKept = std::size_t{4} << 10;
  // Bytes from which on a line is large, so that its size is reserved for the next large one.
  static constexpr std::size_t kLarge = std::size_t{1} << 20;

  // `limit`: most bytes before the LF, a CR included. The sink outlives this.
  LineFramer(std::size_t limit, LineSink& sink) : limit_(limit), sink_(sink) {}

  // Calls the sink for each line that `bytes` complete.
  void feed(std::string_view bytes);
  // Bytes since the last LF, including discarded ones.
  std::size_t unfinished() const { return discarding_ ? discarded_ : line_.size(); }
  // Whether the current line is beyond the limit.
  bool discarding() const { return discarding_; }
  // Call at the end of the stream: delivers the unfinished line, if there is one.
  void finish();

 private:
  void grow(std::string_view piece);
  void append(std::string_view piece, std::size_t capacity);
  void discard(std::string_view piece);
  void deliver();

  std::size_t limit_;
  LineSink& sink_;
  std::string line_;                // the unfinished line
  std::size_t expected_large_ = 0;  // bytes of the last large line
  bool discarding_ = false;
  std::string first_, last_;  // of the line that is being discarded; last_ holds up to 8 KB
  std::size_t discarded_ = 0;
};

}  // namespace sidecar::child
