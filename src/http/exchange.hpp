// Exchange: a handler's handle on one request. Answered exactly once: inside the handler, or later,
// by whoever the handler gave it to (detached). Dropping it unanswered answers 500. Loop thread
// only. Testable without a socket: give it a Backend of your own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "http/message.hpp"
#include "http/sse_stream.hpp"

namespace sidecar::http {

class Exchange {
 public:
  // Where answers go: the connection, or a test.
  class Backend {
   public:
    virtual ~Backend() = default;
    virtual void reply(Response response) = 0;
    virtual std::unique_ptr<SseStream> open_sse(Fields fields, SseOptions options) = 0;
    virtual void set_reply_fields(Fields fields) = 0;
    // `action` runs at most once, when the client goes away before the answer.
    virtual void on_abandoned(std::function<void()> action) = 0;
    // The exchange was destroyed unanswered. Replies 500; the connection also logs it.
    virtual void drop();
  };

  Exchange(Request request, std::unique_ptr<Backend> backend);
  Exchange(Exchange&&) noexcept = default;
  Exchange& operator=(Exchange&&) noexcept;
  ~Exchange();

  const Request& request() const { return request_; }
  std::string take_body() { return std::move(request_.body); }
  bool answered() const { return backend_ == nullptr; }

  // The answer has these fields, in place of those of the same names that the head check gave it.
  // REQUIRES: !answered().
  void set_reply_fields(Fields fields) { backend_->set_reply_fields(std::move(fields)); }

  // Nothing happens when the client is gone already.
  void reply(Response response);

  // 200 text/event-stream, never cached, never buffered by a proxy, kept open. Its bytes start at
  // once. Not null: when the client is gone already, or asked with HEAD, the stream ends as
  // kClientGone on the next turn of the loop. REQUIRES: !answered().
  std::unique_ptr<SseStream> open_sse(Fields fields, SseOptions options);

  // Runs `action` once if the client goes away before the answer. Not called from inside this call.
  void on_abandoned(std::function<void()> action);

 private:
  Request request_;
  std::unique_ptr<Backend> backend_;
};

using Handler = std::function<void(Exchange)>;

}  // namespace sidecar::http
