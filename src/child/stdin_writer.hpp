// StdinWriter: lines that wait for the child's stdin, written in order, many at a time. Gives back
// what did not go out as a whole: the child never saw it, so it can be sent to the next one. Owned
// by Process. Loop thread only.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "child/alive_token.hpp"
#include "child/link.hpp"
#include "observe/metrics.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::child {

class StdinWriter {
 public:
  // `limit`: bytes that may wait. `on_broken`: the other end takes no more; called once.
  // `on_drained`: less than ChildLink::kLowWater waits, after more had. Neither is called from
  // inside push().
  StdinWriter(boost::asio::io_context& loop, UniqueFd pipe, std::size_t limit,
              observe::Metrics& metrics, std::function<void()> on_broken,
              std::function<void()> on_drained);
  ~StdinWriter() { close(); }

  // Nothing when it is closed or full. REQUIRES: no LF in `line`.
  std::optional<LineNumber> push(std::string line);
  // A line beyond the limit is taken while nothing else waits: else it could never be sent.
  bool can_push(std::size_t size) const {
    return pipe_.is_open() && (queue_.empty() || size < limit_ - std::min(limit_, waiting_bytes_));
  }
  // Ends the child's stdin.
  void close();
  // REQUIRES: closed. The lines that were not written as a whole, a partly written one included.
  std::vector<Unwritten> take_unwritten();
  std::size_t waiting_bytes() const { return waiting_bytes_; }

 private:
  using Buffers = std::array<boost::asio::const_buffer, 64>;  // as many as Asio hands the kernel

  void write_soon();
  void write();
  std::span<const boost::asio::const_buffer> gather(Buffers& room) const;
  void written(std::size_t size);
  void account(std::ptrdiff_t change);

  boost::asio::posix::stream_descriptor pipe_;
  std::size_t limit_;
  observe::Metrics& metrics_;
  std::function<void()> on_broken_;
  std::function<void()> on_drained_;
  std::deque<std::string> queue_;  // with their LFs; the first one may be partly written
  std::size_t offset_ = 0;         // bytes of the first line that are written
  std::size_t waiting_bytes_ = 0;  // LFs included
  LineNumber lines_pushed_ = 0;
  LineNumber lines_written_ = 0;
  bool writing_ = false;  // a write is under way or about to be
  AliveToken alive_;
};

}  // namespace sidecar::child
