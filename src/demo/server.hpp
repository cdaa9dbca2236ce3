// Server: the demo's MCP server, for all revisions with a handshake (2024-11-05 to 2025-11-25).
// Takes lines and sends messages; file descriptors belong to Stdio. One thread. Requests before
// `initialize` are served as in the newest revision, so that a person can type them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "demo/rpc.hpp"
#include "demo/sleeping_calls.hpp"

namespace sidecar::demo {

class Server {
 public:
  Server(Clock::time_point now, Send send);

  // A message or a batch; anything else is answered with an error.
  void handle_line(Clock::time_point now, std::string_view line);
  // Answers a line that exceeded Stdio::kMaxLine with an error.
  void refuse_line(std::string_view why);

  std::optional<Clock::time_point> next_due() const { return sleeping_.next_due(); }
  void run_due(Clock::time_point now) { sleeping_.run_due(now); }

 private:
  using Result = std::optional<Json>;  // empty: the answer is sent later
  struct Request {
    Clock::time_point now;
    const Json& id;
    const Json& params;  // an object
    Send reply;
  };
  struct Method;
  static const Method kMethods[];

  void handle_message(Clock::time_point now, const Json& message, const Send& reply);
  void handle_notification(const std::string& method, const Json& params);
  void handle_batch(Clock::time_point now, const Json& messages);

  Result initialize(const Request& request);
  Result ping(const Request& request);
  Result tools_list(const Request& request);
  Result tools_call(const Request& request);
  Result resources_list(const Request& request);
  Result resources_templates_list(const Request& request);
  Result resources_read(const Request& request);
  Result prompts_list(const Request& request);
  Result prompts_get(const Request& request);

  Clock::time_point began_;
  Send send_;
  SleepingCalls sleeping_;
  std::string_view version_;
  std::uint64_t requests_ = 0;
};

}  // namespace sidecar::demo
