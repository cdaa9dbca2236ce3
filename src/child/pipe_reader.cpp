#include "child/pipe_reader.hpp"

namespace sidecar::child {

PipeReader::PipeReader(boost::asio::io_context& loop, UniqueFd pipe, std::size_t chunk,
                       OnBytes on_bytes, OnEnd on_end)
    : pipe_(loop, pipe.release()),
      chunk_(chunk),
      buffer_(std::make_unique_for_overwrite<char[]>(chunk)),
      on_bytes_(std::move(on_bytes)),
      on_end_(std::move(on_end)) {
  read();
}

void PipeReader::close() {
  boost::system::error_code ignored;
  pipe_.close(ignored);
}

void PipeReader::read() {
  pipe_.async_read_some(
      boost::asio::buffer(buffer_.get(), chunk_),
      alive_.wrap([this](const boost::system::error_code& error, std::size_t size) {
        if (ended()) return;
        if (error) {
          close();
          on_end_();
          return;
        }
        on_bytes_({buffer_.get(), size});
        if (!ended()) read();
      }));
}

}  // namespace sidecar::child
