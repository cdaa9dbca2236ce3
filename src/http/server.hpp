// Server: the HTTP front end. Listens, reads requests, finds their routes, calls the head check and
// the handlers, and writes answers. Knows nothing of MCP. Owned by app; loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "child/descriptor_limit.hpp"
#include "config/settings.hpp"
#include "http/budget.hpp"
#include "http/exchange.hpp"
#include "http/message.hpp"
#include "http/route.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"

namespace sidecar::http {

struct Limits : config::HttpLimits {
  std::size_t header_count = 100;  // 431 beyond
  // Closed when the client takes no byte of an answer for this long.
  std::chrono::milliseconds write_stall{30'000};
  // The setting that a refusal names for `connections`.
  std::string_view connections_setting = "MCP_MAX_TCP_CONNECTIONS";
  // Descriptors of RLIMIT_NOFILE that connections never get; further clients wait in the backlog.
  std::uint64_t reserved_descriptors = child::kReservedDescriptors;
};

// The result of the head check: answer at once (a refusal, a CORS preflight) or admit the request.
struct Verdict {
  std::optional<Response> answer;                 // sent without reading the body; nothing: admit
  ReplyFields reply_fields;                       // added to every answer (CORS)
  std::shared_ptr<const observe::Caller> caller;  // becomes Request::caller
  // The client has authenticated, as far as that is required: its connection counts for it.
  bool known = true;
};
using HeadCheck = std::function<Verdict(const Head&)>;

class Server {
 public:
  // `budget`: limits the bytes that all connections buffer; beyond it 503 with Retry-After.
  Server(boost::asio::io_context& loop, Timers& timers, Limits limits, Budget& budget,
         std::vector<Route> routes, HeadCheck head_check, observe::Log& log,
         observe::Metrics& metrics);
  ~Server();

  // Binds and starts to accept. `host`: a name or an address; port 0: the system chooses. Returns
  // the bound port. Errors: one line, such as "cannot listen on 127.0.0.1:3001: address already in
  // use".
  Result<std::uint16_t> listen(const std::string& host, std::uint16_t port);

  // Serves `routes` under a prefix, such as "/git", instead of what was served there. The longest
  // prefix that fits a path decides alone: where its table has no route, the answer is 404.
  // REQUIRES: `prefix` begins with '/' and does not end with it.
  void mount(std::string prefix, std::vector<Route> routes);
  // From now on requests under the prefix are served as if it had never been mounted. Those that
  // are under way, or are being read, are still served. The handlers, with all they own, live until
  // the last of them is answered, and end outside of any handler. They do not wait for event
  // streams.
  void unmount(std::string_view prefix);

  // From now on requests below `path` are served as if they had come without it, unless the whole
  // path has a route: the path of the public URL, which a proxy may pass on.
  // REQUIRES: `path` is empty, or begins with '/' and does not end with it.
  void serve_below(std::string_view path);

  // First step of a shutdown: stops accepting and closes idle connections; pending answers get
  // `Connection: close`.
  void stop_accepting();
  // Connections with a request that is being read, handled or answered; event streams do not count.
  std::size_t busy_connections() const;
  // Ends every event stream (on_closed gets kServerShutdown) and closes each connection once its
  // output is written. `done` runs when no connection is left.
  void close(std::function<void()> done);
  // Closes all connections now.
  void abort();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidecar::http
