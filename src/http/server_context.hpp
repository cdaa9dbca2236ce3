// ServerContext: what all connections of one Server share. Plain data and two small services; owned
// by the Server, outlives its connections' work: a connection that is closed does not touch it
// again. Loop thread only.
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
  std::vector<char> scratch =
      std::vector<char>(64 << 10);          // every socket is read into it; nothing stays there
  bool stopping = false;                    // answers say Connection: close
  bool closing = false;                     // what is written is closed at once
  std::function<void(Connection&)> forget;  // the connection has closed

  // Logs and counts a request, or a connection, that is turned away. `reason` is the metric's;
  // `key` is the name of the client's, where it is known.
  void turned_away(std::string_view reason, std::string_view address, std::string_view key,
                   std::string_view why);

  // Has the connection write and read on once the current turn of the loop is over, so that all
  // that is sent in one turn goes out in one write.
  void work_soon(std::shared_ptr<Connection> connection);

 private:
  std::vector<std::shared_ptr<Connection>> waiting_;
};

}  // namespace sidecar::http
