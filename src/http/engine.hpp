// Engine: finds the route of a request by its head; later it runs the handler and renders an answer
// that is given inside the handler. cpp-httplib does the rendering, over a stream in memory; its
// types stay in engine.cpp. Answers 404, 405 and OPTIONS itself. An exception of a handler becomes
// a 500 with an id that is also in the log. Knows nothing of sockets. Owned by ServerContext; loop
// thread only; never blocks.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/exchange.hpp"
#include "http/route_table.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

namespace sidecar::http {

// A 500 that contains only an id; `cause` is logged with the same id.
Response internal_error(observe::Log& log, std::string_view endpoint, std::string_view cause);

// One request on its way through the engine.
struct EngineCall {
  Request request;
  RouteMatch route;                            // as match() found it
  std::unique_ptr<Exchange::Backend> backend;  // moved into the handler's Exchange
  const ReplyFields& reply_fields;             // added to the answer
  std::string_view connection{};               // value of the Connection field; empty: none

  // The backend puts the answer here while the handler runs.
  std::optional<Response> answer{};
  bool dropped = false;  // the Exchange was destroyed unanswered

  // The outcome. If `rendered` and `answer` are both empty, the handler keeps the Exchange or has
  // opened a stream.
  EndpointCounters* endpoint = nullptr;
  std::string rendered{};  // the whole answer as bytes
  int status = 0;          // of `rendered`
};

class Engine {
 public:
  // Bytes. Larger bodies, and lasting ones, are not copied through httplib: they stay in
  // EngineCall::answer, and the connection writes them.
  static constexpr std::size_t kMaxRendered = 64 << 10;

  Engine(std::vector<Route> routes, observe::Log& log, observe::Metrics& metrics);
  ~Engine();

  // As Server::mount() and unmount().
  void mount(std::string prefix, std::vector<Route> routes);
  void unmount(std::string_view prefix);

  // As Server::serve_below().
  void serve_below(std::string_view path);

  // Also sets the path of `head` to the one that its route has.
  RouteMatch match(Head& head);
  // Destroys the unmounted tables whose requests have been answered. Not called inside a handler,
  // because they own the handlers.
  void release_unmounted();
  // Runs the handler of the route. Afterwards the call has an answer, unless the handler keeps the
  // Exchange.
  void serve(EngineCall& call);
  // The counters for a request that does not reach a handler.
  EndpointCounters& counters(const RouteMatch& route) {
    Endpoint* const endpoint = route.nearest();
    return endpoint ? endpoint->counters : no_endpoint_;
  }
  EndpointCounters& no_endpoint() { return no_endpoint_; }

 private:
  class Core;
  struct Mount {
    std::string prefix;
    std::shared_ptr<RouteTable> table;
  };

  // The resource at a path, which is shortened as by RouteTable::find().
  std::shared_ptr<Resource> find(std::string_view& path) const;
  void run(EngineCall& call);
  void run(EngineCall& call, const Handler& handler);

  observe::Log& log_;
  observe::Metrics& metrics_;
  EndpointCounters no_endpoint_;
  const std::shared_ptr<RouteTable> routes_;
  std::vector<Mount> mounts_;                           // longest prefix first
  std::vector<std::shared_ptr<RouteTable>> unmounted_;  // kept for requests under way
  std::string public_path_;                             // empty: none
  std::unique_ptr<Core> core_;
};

}  // namespace sidecar::http
