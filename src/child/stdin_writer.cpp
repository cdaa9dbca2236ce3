#include "child/stdin_writer.hpp"

#include <cassert>
#include <span>

namespace sidecar::child {

using boost::asio::const_buffer;

StdinWriter::StdinWriter(boost::asio::io_context& loop, UniqueFd pipe, std::size_t limit,
                         observe::Metrics& metrics, std::function<void()> on_broken,
                         std::function<void()> on_drained)
    : pipe_(loop, pipe.release()),
      limit_(limit),
      metrics_(metrics),
      on_broken_(std::move(on_broken)),
      on_drained_(std::move(on_drained)) {}

std::optional<LineNumber> StdinWriter::push(std::string line) {
  assert(line.find('\n') == std::string::npos);
  if (!can_push(line.size())) return std::nullopt;
  account(static_cast<std::ptrdiff_t>(line.size()) + 1);
  queue_.push_back(std::move(line));
  if (!writing_) write();
  return ++lines_pushed_;
}

void StdinWriter::close() {
  boost::system::error_code ignored;
  pipe_.close(ignored);
  account(-static_cast<std::ptrdiff_t>(waiting_bytes_));
}

std::vector<Unwritten> StdinWriter::take_unwritten() {
  assert(!pipe_.is_open());
  std::vector<Unwritten> unwritten;
  for (std::string& line : queue_) unwritten.push_back({++lines_written_, std::move(line)});
  queue_.clear();
  return unwritten;
}

void StdinWriter::write() {
  static constexpr char kLineFeed = '\n';
  std::size_t count = 0;
  std::size_t skip = offset_;
  for (auto line = queue_.begin(); line != queue_.end() && count + 2 <= buffers_.size(); ++line) {
    // The LF is a buffer of its own: appended, it could copy a line of megabytes.
    if (skip < line->size()) buffers_[count++] = const_buffer(line->data() + skip, line->size() - skip);
    buffers_[count++] = const_buffer(&kLineFeed, 1);
    skip = 0;
  }
  writing_ = true;
  pipe_.async_write_some(std::span(buffers_.data(), count),
                         lifeline_.wrap([this](const boost::system::error_code& error, std::size_t size) {
                           writing_ = false;
                           // What was written just before the end may still be read and acted on.
                           if (!pipe_.is_open()) return pass(size);
                           const bool was_full = waiting_bytes_ >= ChildLink::kLowWater;
                           written(size);
                           if (error) {
                             close();
                             return on_broken_();
                           }
                           if (!queue_.empty()) write();
                           if (was_full && waiting_bytes_ < ChildLink::kLowWater) on_drained_();
                         }));
}

void StdinWriter::written(std::size_t size) {
  account(-static_cast<std::ptrdiff_t>(size));
  pass(size);
}

void StdinWriter::pass(std::size_t size) {
  offset_ += size;
  while (!queue_.empty() && offset_ > queue_.front().size()) {
    offset_ -= queue_.front().size() + 1;
    queue_.pop_front();
    ++lines_written_;
  }
}

void StdinWriter::account(std::ptrdiff_t change) {
  waiting_bytes_ += static_cast<std::size_t>(change);
  metrics_.child_stdin_queue_bytes.Increment(static_cast<double>(change));
}

}  // namespace sidecar::child
