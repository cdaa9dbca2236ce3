#include "endpoints/mcp/event_channel.hpp"

#include <cassert>
#include <charconv>
#include <fmt/format.h>

namespace sidecar::endpoints {
namespace {

constexpr std::string_view kEvent = "message";

bool read(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string EventId::text() const { return fmt::format("{}-{}-{}", process, stream, number); }

std::optional<EventId> EventId::parse(std::string_view text) {
  EventId id;
  if (text.find('-') != kProcessDigits) return std::nullopt;
  id.process = text.substr(0, kProcessDigits);
  text.remove_prefix(kProcessDigits + 1);
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  if (!read(text.substr(0, dash), id.stream) || !read(text.substr(dash + 1), id.number))
    return std::nullopt;
  return id;
}

EventChannel::EventChannel(const std::string& process, std::uint64_t stream, RingBudget* rings,
                           std::string_view owner, Timers& timers)
    : process_(process), number_(stream), timers_(timers), last_open_(timers.now()) {
  if (rings != nullptr) ring_.emplace(*rings, owner);
}

void EventChannel::open(http::Exchange exchange, Fields fields, http::SseOptions options, bool ids,
                        std::optional<session::StreamLimit::Ticket> ticket) {
  ids_ = ids;
  disconnect();
  ticket_ = std::move(ticket);
  connect(std::move(exchange), std::move(fields), std::move(options),
          ring_ ? ring_->delivered() : 0);
}

void EventChannel::resume(http::Exchange exchange, http::SseOptions options, std::uint64_t after,
                          session::StreamLimit::Ticket ticket) {
  assert(can_resume(after));
  disconnect();
  ticket_ = std::move(ticket);
  connect(std::move(exchange), {}, std::move(options), after);
}

void EventChannel::connect(http::Exchange exchange, Fields fields, http::SseOptions options,
                           std::uint64_t after) {
  // The priming event: it gives the client an id to resume from before the first message.
  if (ids_) options.first_bytes = fmt::format("id: {}\nretry: {}\ndata: \n\n", id(after), kRetryMs);
  stream_ = exchange.open_sse(std::move(fields), std::move(options));
  stream_->on_closed([this](http::SseClosed) { disconnect(); });
  if (ring_) {
    for (const EventRing::Event& event : ring_->events()) {
      if (event.number > after) stream_->send(kEvent, event.data, id(event.number));
    }
    ring_->mark_delivered();
    if (!ids_) ring_->discard();  // without ids no client can ask for them
  }
  if (finished_) disconnect();
}

void EventChannel::disconnect() {
  if (stream_) last_open_ = timers_.now();
  stream_.reset();
  ticket_.reset();
}

bool EventChannel::send(std::string text) {
  const bool kept = ring_ && (ids_ || !stream_);
  if (!kept) {
    if (stream_) stream_->send(kEvent, std::move(text));
    return stream_ != nullptr;
  }
  if (!stream_) {
    ring_->push(std::move(text), false);
    return true;
  }
  const std::uint64_t event = ring_->push(text, true);
  stream_->send(kEvent, std::move(text), id(event));
  return true;
}

void EventChannel::finish() {
  finished_ = true;
  if (ring_) ring_->finish();
  disconnect();
}

}  // namespace sidecar::endpoints
