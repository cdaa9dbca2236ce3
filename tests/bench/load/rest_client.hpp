// RestClient: POST /call-tool, one keep-alive connection.
#pragma once

#include "bench/load/client.hpp"
#include "bench/net/http_connection.hpp"

namespace sidecar::bench {

class RestClient : public Client {
 public:
  RestClient(const Target& target, Loop& loop, std::size_t index, ClientOwner& owner);

  void open() override { owner().on_opened(*this); }
  void call(const ToolCall& call) override;
  void close() override;
  bool has_ids() const override { return false; }

 private:
  void on_end();

  const std::string post_head_;  // up to the value of Content-Length
  HttpConnection connection_;
  std::string body_;
  int status_ = 0;
};

}  // namespace sidecar::bench
