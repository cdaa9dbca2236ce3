#include "http/event_stream.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <cassert>
#include <charconv>
#include <utility>

namespace sidecar::http {
namespace {

// Bytes; up to this size one string is cheaper than three buffers.
constexpr std::size_t kCopiedData = 1024;

// The start of a chunk (RFC 9112, section 7.1).
void append_chunk_size(std::string& out, std::size_t size) {
  std::array<char, 2 * sizeof size> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), size, 16).ptr;
  out.append(digits.begin(), end).append("\r\n");
}

}  // namespace

Piece event_piece(std::string_view event, std::string data, std::string_view id, bool chunked) {
  assert(data.find('\n') == std::string::npos && data.find('\r') == std::string::npos);
  std::string lines;
  lines.reserve(id.size() + event.size() + 32 + (data.size() <= kCopiedData ? data.size() : 0));
  if (chunked) {
    const std::size_t extra =
        (id.empty() ? 0 : id.size() + 5) + (event.empty() ? 0 : event.size() + 8);
    append_chunk_size(lines, extra + 6 + data.size() + 2);
  }
  if (!id.empty()) lines.append("id: ").append(id).append("\n");
  if (!event.empty()) lines.append("event: ").append(event).append("\n");
  lines += "data: ";
  const std::string_view tail = chunked ? "\n\n\r\n" : "\n\n";
  if (data.size() > kCopiedData) return {std::move(lines), std::move(data), tail};
  lines += data;
  lines += tail;
  return {std::move(lines), {}, {}};
}

std::string stream_text(std::string_view text, bool chunked) {
  if (!chunked || text.empty()) return std::string(text);
  std::string chunk;
  append_chunk_size(chunk, text.size());
  return chunk.append(text).append("\r\n");
}

EventStream::EventStream(boost::asio::io_context& loop, std::weak_ptr<EventSink> sink,
                         const SseLimits& limits, bool chunked)
    : loop_(loop), sink_(std::move(sink)), limits_(limits), chunked_(chunked) {
  if (const auto connection = sink_.lock()) {
    sent_before_ = connection->sent_bytes();
  } else {
    closed_ = SseClosed::kClientGone;
  }
}

EventStream::~EventStream() {
  if (self_) *self_ = nullptr;
  if (const auto sink = sink_.lock()) sink->end_stream();
}

void EventStream::send(std::string_view event, std::string data, std::string_view id) {
  if (const auto sink = sink_.lock())
    sink->push_event(event_piece(event, std::move(data), id, chunked_));
}

std::size_t EventStream::queued_bytes() const {
  const auto sink = sink_.lock();
  return sink ? sink->queued_bytes() : 0;
}

std::uint64_t EventStream::sent_bytes() const {
  const auto sink = sink_.lock();
  return sink ? sink->sent_bytes() - sent_before_ : 0;
}

void EventStream::closed(SseClosed reason) {
  sink_.reset();
  closed_ = reason;
  if (auto action = std::move(on_closed_)) action(reason);
}

void EventStream::on_closed(std::function<void(SseClosed)> action) {
  on_closed_ = std::move(action);
  if (!closed_ || self_) return;
  self_ = std::make_shared<EventStream*>(this);
  boost::asio::post(loop_, [self = self_] {
    if (*self) (*self)->closed(*(*self)->closed_);
  });
}

}  // namespace sidecar::http
