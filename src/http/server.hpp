// Server: the HTTP front end. Listens, reads requests, asks the head check, routes to handlers,
// writes answers. Knows nothing of MCP. Owned by app; loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "child/descriptor_limit.hpp"
#include "http/budget.hpp"
#include "http/exchange.hpp"
#include "http/message.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"

namespace sidecar::http {

struct Limits {
  std::size_t head_bytes = 16 << 10;  // 431 beyond; a target beyond half of it: 414
  std::size_t header_count = 100;     // 431 beyond
  std::size_t body_bytes = 10 << 20;  // 413 beyond
  // for one whole request from its first byte: 408, closed
  std::chrono::milliseconds receive_time{30'000};
  // keep-alive connection without a request: closed
  std::chrono::milliseconds idle_time{120'000};
  std::chrono::milliseconds write_stall{30'000};  // no byte of an answer taken: closed
  std::size_t connections = 16'384;  // shared, and an eighth more: see http/connection_group.hpp
  // what a refused client is told of
  std::string_view connections_setting = "MCP_MAX_TCP_CONNECTIONS";
  std::size_t connections_per_address = 1'024;  // shared, too
  std::uint64_t reserved_descriptors =
      child::kReservedDescriptors;  // of RLIMIT_NOFILE; more connections wait to be accepted
};

struct Route {
  std::string method;  // GET also serves HEAD; OPTIONS without a route is answered 204 with Allow
  std::string path;    // exact, or a prefix when it ends in "/*" (the rest is then in Head::path)
  std::string name;    // the metric's endpoint label
  Handler handler;
  bool direct = false;  // called again and again: its answers are written without cpp-httplib
};

// What the head check says of a request: answer it right away (a refusal, a CORS preflight), or let
// it in.
struct Verdict {
  std::optional<Response> answer;                 // given without reading the body
  ReplyFields reply_fields;                       // added to whatever the answer will be (CORS)
  std::shared_ptr<const observe::Caller> caller;  // for Request::caller
  // The client has shown who it is, as far as that is asked for: its connection counts for it.
  bool known = true;
};
using HeadCheck = std::function<Verdict(const Head&)>;

class Server {
 public:
  // `budget`: what all connections may buffer; beyond it 503 with Retry-After.
  Server(boost::asio::io_context& loop, Timers& timers, Limits limits, Budget& budget,
         std::vector<Route> routes, HeadCheck head_check, observe::Log& log,
         observe::Metrics& metrics);
  ~Server();

  // Binds and starts to accept. `host` is a name or an address; port 0 lets the system choose.
  // Returns the bound port. Errors: one line such as "cannot listen on 127.0.0.1:3001: address
  // already in use".
  Result<std::uint16_t> listen(const std::string& host, std::uint16_t port);

  // Shutdown: accepts nothing more and closes idle connections; answers under way get `Connection:
  // close`.
  void stop_accepting();
  // Connections that still have a request being read, handled or written (event streams not
  // counted).
  std::size_t busy_connections() const;
  // Ends every event stream (its owner hears kServerShutdown), then what is left once written;
  // `done` runs when no connection is left.
  void close(std::function<void()> done);
  // Drops whatever is still open.
  void abort();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidecar::http
