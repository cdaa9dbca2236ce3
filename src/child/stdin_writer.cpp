#include "child/stdin_writer.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cassert>
#include <span>
#include <utility>

namespace sidecar::child {

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
  line += '\n';  // lines have room behind them, for simdjson: none is copied
  account(static_cast<std::ptrdiff_t>(line.size()));
  queue_.push_back(std::move(line));
  write_soon();
  return ++lines_pushed_;
}

// What is pushed in one turn of the loop goes out in one write.
void StdinWriter::write_soon() {
  if (std::exchange(writing_, true)) return;
  boost::asio::post(pipe_.get_executor(), lifeline_.wrap([this] {
    writing_ = false;
    if (pipe_.is_open()) write();
  }));
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

void StdinWriter::write() {
  const std::size_t count = std::min(queue_.size(), buffers_.size());
  std::transform(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count), buffers_.begin(),
                 [](const std::string& line) { return boost::asio::buffer(line); });
  buffers_[0] += offset_;
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
