// LineFramer: bytes in, lines out. A line ends with LF; the LF and a CR before it are not part of
// it. Every line is a string of its own with spare bytes behind the text, so that simdjson can
// parse it where it lies. A line beyond the limit is discarded up to its LF; the first and last 4
// KB and the size are reported. Knows nothing of pipes, JSON or time. Each byte is copied once,
// plus the doubling of a line that comes in pieces; where a large line went before, the next finds
// its room at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sidecar::child {

class LineSink {
 public:
  virtual ~LineSink() = default;
  virtual void on_line(std::string line) = 0;
  // `first` and `last` may overlap when the line is shorter than both together.
  virtual void on_line_too_long(std::string first, std::string last, std::size_t size) = 0;
};

class LineFramer {
 public:
  // Spare bytes behind each line: 64 for simdjson, the rest so that a longer id finds room.
  static constexpr std::size_t kPadding = 128;
  // of each end of a line beyond the limit
  static constexpr std::size_t kKept = std::size_t{4} << 10;
  // bytes; a line that it pays to have room for
  static constexpr std::size_t kLarge = std::size_t{1} << 20;

  // `limit`: bytes before the LF, a CR counted.
  LineFramer(std::size_t limit, LineSink& sink) : limit_(limit), sink_(sink) {}

  // Calls the sink for each line that `bytes` complete.
  void feed(std::string_view bytes);
  // Bytes since the last LF, those that were discarded too.
  std::size_t unfinished() const { return discarding_ ? discarded_ : line_.size(); }
  // The line under way is beyond the limit.
  bool discarding() const { return discarding_; }
  // The line under way becomes a line without an LF, if there is one. For the end of the stream.
  void finish();

 private:
  void grow(std::string_view piece);
  void append(std::string_view piece, std::size_t capacity);
  void discard(std::string_view piece);
  void deliver();

  std::size_t limit_;
  LineSink& sink_;
  std::string line_;                // the line under way
  std::size_t expected_large_ = 0;  // bytes of the last large line
  bool discarding_ = false;
  std::string first_, last_;  // of the line that is being discarded; last_ up to 8 KB
  std::size_t discarded_ = 0;
};

}  // namespace sidecar::child
