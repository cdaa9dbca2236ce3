#include "bench/net/http_reader.hpp"

#include <algorithm>
#include <charconv>
#include <strings.h>
#include <utility>

namespace sidecar::bench {
namespace {

constexpr std::size_t kMaxHead = std::size_t{64} << 10;

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool read_number(std::string_view text, std::uint64_t& value, int base) {
  return std::from_chars(text.data(), text.data() + text.size(), value, base).ec == std::errc();
}

bool note_field(std::string_view line, Head& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  if (same(name, "content-length")) {
    head.has_length = true;
    return read_number(value, head.length, 10);
  }
  if (same(name, "transfer-encoding")) head.chunked = same(value, "chunked");
  if (same(name, "content-type")) head.content_type = value;
  if (same(name, "mcp-session-id")) head.session_id = value;
  return true;
}

}  // namespace

bool HttpReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::kHead:
        if (!read_head(bytes)) return false;
        break;
      case State::kChunkSize:
      case State::kChunkEnd:
      case State::kTrailer:
        if (!read_chunk_line(bytes)) return false;
        break;
      default:
        read_body(bytes);
    }
  }
  return true;
}

bool HttpReader::finish() {
  if (state_ == State::kUntilClose) {
    end();
    return true;
  }
  return state_ == State::kHead && kept_.empty();
}

bool HttpReader::read_head(std::string_view& bytes) {
  static constexpr std::string_view kEnd = "\r\n\r\n";
  if (kept_.empty()) {
    const std::size_t end = bytes.find(kEnd);
    if (end != std::string_view::npos) {
      const std::string_view head = bytes.substr(0, end);
      bytes.remove_prefix(end + kEnd.size());
      return start_body(head);
    }
  }
  const std::size_t before = kept_.size();
  kept_.append(bytes);
  const std::size_t end = kept_.find(kEnd, before < kEnd.size() ? 0 : before - kEnd.size());
  if (end == std::string::npos) {
    bytes = {};
    return kept_.size() <= kMaxHead;
  }
  bytes.remove_prefix(end + kEnd.size() - before);
  const std::string head = std::exchange(kept_, {});
  return start_body(std::string_view(head).substr(0, end));
}

bool HttpReader::start_body(std::string_view text) {
  static constexpr std::string_view kLineEnd = "\r\n";
  Head head;
  for (bool first = true; !text.empty(); first = false) {
    const std::size_t end = std::min(text.find(kLineEnd), text.size());
    const std::string_view line = text.substr(0, end);
    if (first)
      head.first_line = line;
    else if (!note_field(line, head))
      return false;
    text.remove_prefix(std::min(end + kLineEnd.size(), text.size()));
  }
  if (what_ == Reads::kAnswers) {
    std::uint64_t status = 0;
    if (!head.first_line.starts_with("HTTP/1.") || head.first_line.size() < 12 ||
        !read_number(head.first_line.substr(9, 3), status, 10))
      return false;
    head.status = static_cast<int>(status);
  }
  const bool until_close = what_ == Reads::kAnswers && !head.chunked && !head.has_length &&
                           head.status != 204 && head.status != 202;
  left_ = head.length;
  state_ = head.chunked ? State::kChunkSize : until_close ? State::kUntilClose : State::kLength;
  sink_.on_head(head);
  if (state_ == State::kLength && left_ == 0) end();
  return true;
}

// A chunk-size line, the empty line after a chunk, or a trailer line.
bool HttpReader::read_chunk_line(std::string_view& bytes) {
  const std::size_t line_end = bytes.find('\n');
  kept_.append(bytes.substr(0, line_end));
  if (line_end == std::string_view::npos) {
    bytes = {};
    return kept_.size() <= kMaxHead;
  }
  bytes.remove_prefix(line_end + 1);
  std::string line = std::exchange(kept_, {});
  if (line.ends_with('\r')) line.pop_back();
  if (state_ == State::kChunkEnd) {
    state_ = State::kChunkSize;
    return line.empty();
  }
  if (state_ == State::kTrailer) {
    if (line.empty()) end();
    return true;
  }
  if (!read_number(line, left_, 16)) return false;
  state_ = left_ == 0 ? State::kTrailer : State::kChunk;
  return true;
}

void HttpReader::read_body(std::string_view& bytes) {
  const std::size_t size =
      state_ == State::kUntilClose ? bytes.size() : std::min<std::uint64_t>(left_, bytes.size());
  const std::string_view piece = bytes.substr(0, size);
  bytes.remove_prefix(size);
  sink_.on_body(piece);
  if (state_ == State::kUntilClose) return;
  left_ -= size;
  if (left_ > 0) return;
  if (state_ == State::kChunk)
    state_ = State::kChunkEnd;
  else
    end();
}

void HttpReader::end() {
  state_ = State::kHead;
  sink_.on_end();
}

}  // namespace sidecar::bench
