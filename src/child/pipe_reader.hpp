// PipeReader: reads one pipe to its end, one chunk a turn of the loop, so that a flood on one pipe
// does not block the loop. Owned by Process. Loop thread only. Its callbacks must not destroy it.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string_view>

#include "child/alive_token.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::child {

class PipeReader {
 public:
  using OnBytes = std::function<void(std::string_view)>;
  // Called once, at end of file or at an error, which means the same for a pipe; not after close().
  using OnEnd = std::function<void()>;

  // `chunk`: bytes of the buffer, so the most that one call of `on_bytes` passes.
  PipeReader(boost::asio::io_context& loop, UniqueFd pipe, std::size_t chunk, OnBytes on_bytes,
             OnEnd on_end);
  bool ended() const { return !pipe_.is_open(); }
  void close();

 private:
  void read();

  boost::asio::posix::stream_descriptor pipe_;
  std::size_t chunk_;
  std::unique_ptr<char[]> buffer_;
  OnBytes on_bytes_;
  OnEnd on_end_;
  AliveToken alive_;
};

}  // namespace sidecar::child
