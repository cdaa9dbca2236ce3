#include "http/event_stream.hpp"

#include <boost/asio/post.hpp>
#include <cassert>
#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace sidecar::http {
namespace {
constexpr std::size_t kCopiedData = 1024;  // bytes; up to here one string is cheaper than three buffers
}

Piece event_piece(std::string_view event, std::string data, std::string_view id, bool chunked) {
  assert(data.find('\n') == std::string::npos && data.find('\r') == std::string::npos);
  std::string lines;
  lines.reserve(id.size() + event.size() + 32 + (data.size() <= kCopiedData ? data.size() : 0));
  auto out = std::back_inserter(lines);
  if (chunked) {
    const std::size_t extra = (id.empty() ? 0 : id.size() + 5) + (event.empty() ? 0 : event.size() + 8);
    fmt::format_to(out, "{:x}\r\n", extra + 6 + data.size() + 2);
  }
  if (!id.empty()) fmt::format_to(out, "id: {}\n", id);
  if (!event.empty()) fmt::format_to(out, "event: {}\n", event);
  lines += "data: ";
  const std::string_view tail = chunked ? "\n\n\r\n" : "\n\n";
  if (data.size() > kCopiedData) return {std::move(lines), std::move(data), tail};
  lines += data;
  lines += tail;
  return {std::move(lines), {}, {}};
}

std::string stream_text(std::string_view text, bool chunked) {
  if (!chunked || text.empty()) return std::string(text);
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
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
  if (const auto sink = sink_.lock()) sink->push_event(event_piece(event, std::move(data), id, chunked_));
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
