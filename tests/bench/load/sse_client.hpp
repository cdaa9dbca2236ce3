// SseClient: HTTP+SSE (MCP 2024-11-05): an event stream and a second connection for POSTs.
#pragma once

#include <deque>

#include "bench/load/client.hpp"
#include "bench/net/http_connection.hpp"
#include "bench/net/sse_reader.hpp"

namespace sidecar::bench {

class SseClient : public Client {
 public:
  SseClient(const Target& target, Loop& loop, std::size_t index, ClientOwner& owner);

  void open() override;
  void call(const ToolCall& call) override;
  void close() override;

 private:
  void on_event(std::string_view event, std::string_view data);
  void post(std::string text);
  void on_posted();
  void fail(const std::string& why);

  const std::string path_;
  const bool keep_posts_;
  SseReader events_;
  HttpConnection stream_;
  HttpConnection posts_;
  std::string post_head_;            // up to the value of Content-Length; empty: no endpoint yet
  std::deque<std::string> to_post_;  // waiting for the current POST
  int status_ = 0;                   // of that POST
  bool opened_ = false;
};

}  // namespace sidecar::bench
