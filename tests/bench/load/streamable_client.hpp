// StreamableClient: Streamable HTTP with or without a session, one POST at a time on one
// connection.
#pragma once

#include "bench/load/client.hpp"
#include "bench/net/http_connection.hpp"
#include "bench/net/sse_reader.hpp"

namespace sidecar::bench {

class StreamableClient : public Client {
 public:
  StreamableClient(const Target& target, Loop& loop, std::size_t index, ClientOwner& owner);

  void open() override;
  void call(const ToolCall& call) override;
  void close() override;

 private:
  enum class Step { kNew, kInitialize, kInitialized, kOpen, kClosing };

  void post(std::string_view text);
  void on_head(const Head& head);
  void on_end();
  void on_json(std::string_view json);
  void make_head();
  void fail(const std::string& why) { owner().on_failed(*this, why); }

  const std::string path_;
  SseReader events_;
  HttpConnection connection_;
  Step step_ = Step::kNew;
  std::string session_;
  std::string post_head_;  // up to the value of Content-Length
  // a call posted from the previous answer, before that answer's POST has ended
  std::string waiting_;
  std::string body_;  // of an answer that is not an event stream
  int status_ = 0;
  bool is_stream_ = false;
  bool answered_ = false;
};

}  // namespace sidecar::bench
