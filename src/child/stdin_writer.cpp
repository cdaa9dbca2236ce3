#include "child/stdin_writer.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cassert>
#include <utility>

namespace sidecar::child {

StdinWriter::StdinWriter(boost::asio::io_context& loop, UniqueFd pipe, std::size_t limit,
                         observe::Metrics& metrics, std::function<void()> on_broken,
                         std::function<void()> on_drained)
    : pipe_(loop, pipe.release()),
      limit_(limit),
      metrics_(metrics),
      on_broken_(std::move(on_broken)),
      on_drained_(std::move(on_drained)) {
  pipe_.non_blocking(true);
}

std::optional<LineNumber> StdinWriter::push(std::string line) {
  assert(line.find('\n') == std::string::npos);
  if (!can_push(line.size())) return std::nullopt;
  line += '\n';  // no copy, because lines have spare capacity
  account(static_cast<std::ptrdiff_t>(line.size()));
  queue_.push_back(std::move(line));
  write_soon();
  return ++lines_pushed_;
}

// Posted, so that all lines of one turn of the loop are written together.
void StdinWriter::write_soon() {
  if (std::exchange(writing_, true)) return;
  boost::asio::post(pipe_.get_executor(), alive_.wrap([this] { write(); }));
}

void StdinWriter::close() {
  boost::system::error_code ignored;
  pipe_.close(ignored);
  account(-static_cast<std::ptrdiff_t>(waiting_bytes_));
}

std::vector<Unwritten> StdinWriter::take_unwritten() {
  assert(!pipe_.is_open());
  std::vector<Unwritten> unwritten;
  for (std::string& line : queue_) {
    line.pop_back();
    unwritten.push_back({++lines_written_, std::move(line)});
  }
  queue_.clear();
  return unwritten;
}

// The written bytes are counted first, so that take_unwritten() after a close() in a callback never
// returns a line that the child may have seen completely.
void StdinWriter::write() {
  writing_ = false;
  if (!pipe_.is_open()) return;
  const bool was_full = waiting_bytes_ >= ChildLink::kLowWater;
  boost::system::error_code error;
  Buffers room;
  written(pipe_.write_some(gather(room), error));
  if (error == boost::asio::error::would_block) {
    writing_ = true;
    pipe_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                     alive_.wrap([this](const boost::system::error_code&) { write(); }));
  } else if (error) {
    close();
    return on_broken_();
  } else if (!queue_.empty()) {
    write_soon();  // in the next turn, so that a child that reads fast does not block the loop
  }
  if (was_full && waiting_bytes_ < ChildLink::kLowWater) on_drained_();
}

std::span<const boost::asio::const_buffer> StdinWriter::gather(Buffers& room) const {
  const std::size_t count = std::min(queue_.size(), room.size());
  std::transform(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count), room.begin(),
                 [](const std::string& line) { return boost::asio::buffer(line); });
  room[0] += offset_;
  return {room.data(), count};
}

void StdinWriter::written(std::size_t size) {
  account(-static_cast<std::ptrdiff_t>(size));
  offset_ += size;
  while (!queue_.empty() && offset_ >= queue_.front().size()) {
    offset_ -= queue_.front().size();
    queue_.pop_front();
    ++lines_written_;
  }
}

void StdinWriter::account(std::ptrdiff_t change) {
  waiting_bytes_ += static_cast<std::size_t>(change);
  metrics_.child_stdin_queue_bytes.Increment(static_cast<double>(change));
}

}  // namespace sidecar::child
