// Engine: routes a request to its handler and renders an answer that is given inside the handler.
// cpp-httplib does the rendering, over a stream in memory; its types stay in engine.cpp. Answers
// 404, 405 and OPTIONS itself. An exception of a handler becomes a 500 with an id that is also in
// the log. Knows nothing of sockets. Owned by ServerContext; loop thread only; never blocks.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/exchange.hpp"
#include "http/server.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

namespace sidecar::http {

// The request counters of one endpoint; each status is looked up once.
class EndpointCounters {
 public:
  EndpointCounters(observe::Metrics& metrics, std::string name)
      : metrics_(metrics), name_(std::move(name)) {}
  void count(int status);
  const std::string& name() const { return name_; }

 private:
  observe::Metrics& metrics_;
  std::string name_;
  std::vector<std::pair<int, prometheus::Counter*>> counters_;
};

// A 500 that contains only an id; `cause` is logged with the same id.
Response internal_error(observe::Log& log, std::string_view endpoint, std::string_view cause);

// One request on its way through the engine.
struct EngineCall {
  Request request;
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

  void serve(EngineCall& call);
  // The counters for a request that does not reach a handler.
  EndpointCounters& endpoint(const Head& head);
  EndpointCounters& no_endpoint() { return no_endpoint_; }

 private:
  class Core;
  struct Endpoint;
  struct Resource;

  // The resource of the exact path, else of the longest prefix; nullptr: none.
  Resource* find(const std::string& path);
  // Finds the handler and runs it. Afterwards the call has an answer, unless the handler keeps the
  // Exchange.
  void run(EngineCall& call);
  void run(EngineCall& call, const Handler& handler);

  observe::Log& log_;
  EndpointCounters no_endpoint_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::unordered_map<std::string, Resource> exact_;
  std::vector<std::pair<std::string, Resource>> prefixes_;  // "/messages/", longest first
  std::unique_ptr<Core> core_;
};

}  // namespace sidecar::http
