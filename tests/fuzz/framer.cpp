// The framer against a naive implementation of its header comment. The first byte of the input is
// the limit, the second seeds the splits. The rest is the child's output, repeated if the limit's
// top bit is set, so that lines exceed 4 KB.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "child/line_framer.hpp"

using sidecar::child::LineFramer;

namespace {

struct Event {
  bool too_long;
  std::string text;  // of an overlong line: both ends
  std::size_t size;
  bool operator==(const Event&) const = default;
};

class Recorder : public sidecar::child::LineSink {
 public:
  std::vector<Event> events;

 private:
  void on_line(std::string line) override {
    if (line.capacity() - line.size() < LineFramer::kPadding) std::abort();
    const std::size_t size = line.size();
    events.push_back({false, std::move(line), size});
  }
  void on_line_too_long(std::string first, std::string last, std::size_t size) override {
    events.push_back({true, first + "|" + last, size});
  }
};

Event naive(std::string_view line, std::size_t limit) {
  if (line.size() > limit) {
    const std::size_t kept = std::min(line.size(), LineFramer::kKept);
    return {true,
            std::string(line.substr(0, kept)) + "|" + std::string(line.substr(line.size() - kept)),
            line.size()};
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {false, std::string(line), line.size()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool large = (data[0] & 0x80) != 0;
  const std::size_t limit = std::size_t{data[0] & 0x7fU} * (large ? 80 : 1);
  std::uint32_t seed = data[1];
  std::string text(data + 2, data + size);
  if (large && !text.empty()) {
    while (text.size() < 12'000) text += text;
  }

  Recorder split;
  LineFramer framer(limit, split);
  for (std::string_view rest = text; !rest.empty();) {
    seed = seed * 1'664'525 + 1'013'904'223;
    const std::size_t piece = 1 + (seed >> 16) % (large ? 9'000 : 9);
    framer.feed(rest.substr(0, piece));
    rest.remove_prefix(std::min(piece, rest.size()));
  }

  std::vector<Event> expected;
  std::string_view rest = text;
  for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos;
       rest.remove_prefix(end + 1)) {
    expected.push_back(naive(rest.substr(0, end), limit));
  }
  if (framer.unfinished() != rest.size() || framer.discarding() != (rest.size() > limit))
    std::abort();
  framer.finish();
  if (!rest.empty()) expected.push_back(naive(rest, limit));
  if (split.events != expected) std::abort();
  return 0;
}
