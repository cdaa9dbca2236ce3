// HttpConnection: one keep-alive connection to a server on loopback, one request at a time.
// Reconnects if the server closed it between two requests.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bench/net/http_reader.hpp"
#include "bench/net/stream.hpp"

namespace sidecar::bench {

class HttpConnection : private StreamSink, private HttpSink {
 public:
  struct Callbacks {
    std::function<void(const Head&)> on_head = [](const Head&) {};
    std::function<void(std::string_view)> on_body = [](std::string_view) {};
    // The next request may be sent.
    std::function<void()> on_end = [] {};
    std::function<void(const std::string&)> on_failed = [](const std::string&) {};
  };

  HttpConnection(Loop& loop, std::uint16_t port, Callbacks callbacks)
      : loop_(loop), port_(port), callbacks_(std::move(callbacks)) {}

  // REQUIRES: !busy(). `head` ends with the empty line.
  void request(std::string_view head, std::string_view body = {});
  bool busy() const { return busy_; }
  // Bytes of all bodies so far.
  std::uint64_t body_bytes() const { return body_bytes_; }
  // After this no callback is called.
  void close() { stream_.reset(); }

 private:
  void on_bytes(std::string_view bytes) override;
  void on_closed(const std::string& why) override;
  void on_head(const Head& head) override { callbacks_.on_head(head); }
  void on_body(std::string_view piece) override;
  void on_end() override;

  Loop& loop_;
  const std::uint16_t port_;
  Callbacks callbacks_;
  HttpReader reader_{HttpReader::Reads::kAnswers, *this};
  std::unique_ptr<Stream> stream_;
  std::uint64_t body_bytes_ = 0;
  bool busy_ = false;
};

}  // namespace sidecar::bench
