// Exchange: a handler's handle on one request. Answered exactly once: inside the handler, or later
// by the code that the handler moved it to. Destroying it unanswered answers 500. Loop thread only.
// Tests need no socket: they pass a Backend of their own.
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
  // Receives the answer; implemented by the connection and by tests.
  class Backend {
   public:
    virtual ~Backend() = default;
    virtual void reply(Response response) = 0;
    virtual std::unique_ptr<SseStream> open_sse(Fields fields, SseOptions options) = 0;
    virtual void set_reply_fields(Fields fields) = 0;
    // `action` runs at most once, when the client disconnects before the answer.
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

  // Adds fields to the answer; they replace fields of the same names from the head check.
  // REQUIRES: !answered().
  void set_reply_fields(Fields fields) { backend_->set_reply_fields(std::move(fields)); }

  // Ignored if the client is gone already.
  void reply(Response response);

  // Answers 200 text/event-stream, which proxies neither cache nor buffer. The head is sent at
  // once. Never null: if the client is gone already, or the method is HEAD, the stream ends as
  // kClientGone on the next turn of the loop. REQUIRES: !answered().
  std::unique_ptr<SseStream> open_sse(Fields fields, SseOptions options);

  // Runs `action` once if the client disconnects before the answer, but not inside this call.
  void on_abandoned(std::function<void()> action);

 private:
  Request request_;
  std::unique_ptr<Backend> backend_;
};

using Handler = std::function<void(Exchange)>;

}  // namespace sidecar::http
