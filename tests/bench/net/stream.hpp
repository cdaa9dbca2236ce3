// Stream: bytes over one non-blocking descriptor, a socket or one end of a pipe. Unsent bytes are
// kept without a limit: the measuring programs send one message at a time.
#pragma once

#include <string>
#include <string_view>

#include "bench/net/loop.hpp"

namespace sidecar::bench {

class StreamSink {
 public:
  virtual ~StreamSink() = default;
  // `bytes` are in the loop's scratch buffer. The stream may be destroyed from here.
  virtual void on_bytes(std::string_view bytes) = 0;
  // The other side closed, or the stream failed: `why` is a short reason. May destroy the stream.
  virtual void on_closed(const std::string& why) = 0;
};

class Stream : public Watcher {
 public:
  // `reads` false: the writing end of a pipe.
  Stream(Loop& loop, UniqueFd fd, StreamSink& sink, bool reads = true);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() override;

  // Writes `head` and `body` together.
  void send(std::string_view head, std::string_view body = {});
  void on_ready(std::uint32_t events) override;

 private:
  void read();
  void flush();
  void watch_for_room(bool wanted);

  Loop& loop_;
  UniqueFd fd_;
  StreamSink& sink_;
  const bool reads_;
  std::string waiting_;
  std::size_t sent_ = 0;  // of waiting_
  bool watching_room_ = false;
};

// A blocking connect to 127.0.0.1, at once on loopback. Errors are thrown as std::system_error.
UniqueFd connect_to(std::uint16_t port);
// Listens on 127.0.0.1; `port` 0 becomes the one that the kernel chose.
UniqueFd listen_on(std::uint16_t& port);
void set_non_blocking(int fd);

}  // namespace sidecar::bench
