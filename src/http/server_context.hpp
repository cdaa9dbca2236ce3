// ServerContext: data and services shared by all connections of one Server. Owned by the Server. A
// connection does not use it after it has closed. Loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "http/budget.hpp"
#include "http/connection_table.hpp"
#include "http/engine.hpp"
#include "http/response_head.hpp"
#include "http/server.hpp"
#include "observe/rate_limited_log.hpp"

namespace sidecar::http {

class Connection;

struct ServerContext : std::enable_shared_from_this<ServerContext> {
  ServerContext(boost::asio::io_context& its_loop, Timers& its_timers, const Limits& its_limits,
                Budget& its_budget, std::vector<Route> routes, HeadCheck its_head_check,
                observe::Log& its_log, observe::Metrics& its_metrics);

  boost::asio::io_context& loop;
  Timers& timers;
  const Limits limits;
  const HeadCheck head_check;
  observe::Log& log;
  observe::RateLimitedLog refusals;
  observe::Metrics& metrics;
  Engine engine;
  Budget& budget;
  ConnectionTable table;
  HeadWriter heads;
  // Read buffer of all sockets; holds no data between reads.
  std::vector<char> scratch = std::vector<char>(64 << 10);
  bool stopping = false;  // answers get Connection: close
  bool closing = false;   // connections close without lingering once their output is written
  // Called by a connection that has closed.
  std::function<void(Connection&)> forget;

  // Logs and counts a request or a connection that is turned away. `reason`: label of
  // mcp_sidecar_refused_total. `key`: the name of the client's key; empty: unknown.
  void turned_away(std::string_view reason, std::string_view address, std::string_view key,
                   std::string_view why);

  // Calls connection->work() after the current turn of the loop, so that all output of one turn is
  // sent in one write.
  void work_soon(std::shared_ptr<Connection> connection);

 private:
  std::vector<std::shared_ptr<Connection>> waiting_;
};

}  // namespace sidecar::http
