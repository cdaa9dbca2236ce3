#include "bench/net/sse_reader.hpp"

#include <utility>

namespace sidecar::bench {
namespace {

std::string_view value_after(std::string_view line, std::size_t colon) {
  line.remove_prefix(colon + 1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

void SseReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      line_.append(bytes);
      return;
    }
    const std::string_view piece = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (line_.empty()) {
      read_line(piece);
      continue;
    }
    line_.append(piece);
    const std::string line = std::exchange(line_, {});
    read_line(line);
  }
}

void SseReader::read_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) {
    const std::string data = std::exchange(data_, {});
    const std::string event = std::exchange(event_, {});
    if (std::exchange(has_data_, false)) on_event(event, data);
    return;
  }
  if (line.front() == ':') return on_comment();
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos) return;
  if (name == "event") event_ = value_after(line, colon);
  if (name == "data") {
    if (std::exchange(has_data_, true)) data_ += '\n';
    data_.append(value_after(line, colon));
  }
}

}  // namespace sidecar::bench
