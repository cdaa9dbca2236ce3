// NullServer: answers `initialize` and `echo` over HTTP+SSE, Streamable HTTP and REST by itself.
// Parses as little of each message as possible; checks and limits nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "bench/net/http_reader.hpp"
#include "bench/net/stream.hpp"

namespace sidecar::bench {

class NullServer;

class NullConnection : private StreamSink, private HttpSink {
 public:
  NullConnection(NullServer& server, Loop& loop, UniqueFd fd);
  int fd() const { return fd_; }
  void send(std::string_view head, std::string_view body = {}) { stream_.send(head, body); }

 private:
  void on_bytes(std::string_view bytes) override;
  void on_closed(const std::string& why) override;
  void on_head(const Head& head) override;
  void on_body(std::string_view piece) override { body_.append(piece); }
  void on_end() override;

  NullServer& server_;
  const int fd_;
  HttpReader reader_{HttpReader::Reads::kRequests, *this};
  std::string first_line_;
  std::string body_;
  Stream stream_;
};

class NullServer : private Watcher {
 public:
  NullServer(Loop& loop, std::uint16_t port);
  ~NullServer() override { loop_.forget(listener_.get(), *this); }
  std::uint16_t port() const { return port_; }

  void serve(NullConnection& connection, std::string_view first_line, std::string_view body);
  void drop(int fd) { connections_.erase(fd); }

 private:
  void on_ready(std::uint32_t events) override;
  void post_message(NullConnection& connection, std::string_view target, std::string_view body);

  Loop& loop_;
  std::uint16_t port_;
  UniqueFd listener_;
  // By descriptor, which is also the id of an SSE session.
  std::unordered_map<int, std::unique_ptr<NullConnection>> connections_;
};

}  // namespace sidecar::bench
