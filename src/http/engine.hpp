// Engine: routes a request to its handler and renders what the handler answers at once. cpp-httplib
// does both, over a stream in memory; its types stay in engine.cpp. Answers 404, 405 and OPTIONS
// itself, and turns what a handler throws into a 500 whose id the log also has. Knows nothing of
// sockets. Loop thread only; never blocks.
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

// The request counters of one endpoint, looked up once for each status.
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

// A 500 that tells the client no more than an id; the log has the id and `cause`.
Response internal_error(observe::Log& log, std::string_view endpoint, std::string_view cause);

// One request on its way through the engine.
struct EngineCall {
  Request request;
  std::unique_ptr<Exchange::Backend> backend;  // goes to the handler with the Exchange
  const ReplyFields& reply_fields;             // added to the answer
  std::string_view connection{};               // value of the Connection field; empty: none

  // While the handler runs, the backend puts its answer here.
  std::optional<Response> answer{};
  bool dropped = false;  // the Exchange was destroyed unanswered

  // What came of it. With neither `rendered` nor `answer` the handler keeps the Exchange (or opened
  // a stream).
  EndpointCounters* endpoint = nullptr;
  std::string rendered{};  // the whole answer as bytes; its status is in `status`
  int status = 0;
};

class Engine {
 public:
  // Larger bodies, and lasting ones, are not copied through httplib: they stay in
  // EngineCall::answer for the connection to write.
  static constexpr std::size_t kMaxRendered = 64 << 10;

  Engine(std::vector<Route> routes, observe::Log& log, observe::Metrics& metrics);
  ~Engine();

  void serve(EngineCall& call);
  // Whose counters a request belongs to that never reaches its handler.
  EndpointCounters& endpoint(const Head& head);
  EndpointCounters& no_endpoint() { return no_endpoint_; }

 private:
  class Core;
  struct Endpoint;
  struct Resource;

  // The exact path, else the longest prefix; nullptr when there is none.
  Resource* find(const std::string& path);
  // Finds the handler and runs it; leaves an answer in the call, or none when the handler keeps the
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
