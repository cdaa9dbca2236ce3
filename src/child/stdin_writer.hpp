// StdinWriter: the queue of lines for the child's stdin, written in order, many in one system call.
// Returns lines that were not completely written, because the child has not seen them and the next
// one can get them. Owned by Process. Loop thread only.
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
  // `limit`: bytes that may wait. `on_broken`: called at the first write error, i.e. when the child
  // has closed its stdin. `on_drained`: called when fewer than ChildLink::kLowWater bytes wait,
  // after more had. Neither is called from inside push().
  StdinWriter(boost::asio::io_context& loop, UniqueFd pipe, std::size_t limit,
              observe::Metrics& metrics, std::function<void()> on_broken,
              std::function<void()> on_drained);
  ~StdinWriter() { close(); }

  // Returns the number of the line; empty when closed or full. REQUIRES: no LF in `line`.
  std::optional<LineNumber> push(std::string line);
  // A line beyond the limit is accepted when nothing else waits; otherwise it could never be sent.
  bool can_push(std::size_t size) const {
    return pipe_.is_open() && (queue_.empty() || size < limit_ - std::min(limit_, waiting_bytes_));
  }
  // Ends the child's stdin.
  void close();
  // The lines that were not completely written, a partly written one included. REQUIRES: closed.
  std::vector<Unwritten> take_unwritten();
  std::size_t waiting_bytes() const { return waiting_bytes_; }

 private:
  using Buffers = std::array<boost::asio::const_buffer, 64>;  // the most that Asio passes to writev

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
  std::deque<std::string> queue_;  // lines with their LFs; the first may be partly written
  std::size_t offset_ = 0;         // bytes of the first line that have been written
  std::size_t waiting_bytes_ = 0;  // including LFs
  LineNumber lines_pushed_ = 0;
  LineNumber lines_written_ = 0;
  bool writing_ = false;  // a write is posted or waits for the pipe
  AliveToken alive_;
};

}  // namespace sidecar::child
