// All REST endpoints over a child that the test plays.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "endpoints/rest/rest.hpp"
#include "endpoints/rest/tool_endpoints.hpp"
#include "unit/endpoints/world.hpp"

namespace sidecar::test {

struct RestWorld : World {
  // `list_limit`: bytes of a list of tools.
  explicit RestWorld(std::size_t list_limit = 100'000)
      : calls(instances, timers, log, std::chrono::seconds(30), list_limit),
        endpoints(calls,
                  [this](const http::Head& head) {
                    endpoints::ApiFacts known = facts;
                    if (!head.header("Host").empty())
                      known.server = "http://" + std::string(head.header("Host"));
                    return known;
                  }),
        rest(calls, {}),
        routes(endpoints.routes()) {
    for (http::Route& route : rest.routes()) routes.push_back(std::move(route));
  }

  std::shared_ptr<Outcome> get(const std::string& target, observe::Caller caller = {},
                               Fields fields = {}) {
    return ask(routes, "GET", target, {}, std::move(caller), std::move(fields));
  }
  std::shared_ptr<Outcome> post(const std::string& target, std::string body = {},
                                observe::Caller caller = {}) {
    return ask(routes, "POST", target, std::move(body), std::move(caller));
  }

  // Takes the oldest line and returns its params.
  std::string params() {
    const jsonrpc::Message request = take();
    return std::string(request.envelope.params.in(request.text));
  }

  endpoints::ApiFacts facts;
  endpoints::ToolCalls calls;
  endpoints::ToolEndpoints endpoints;
  endpoints::Rest rest;
  std::vector<http::Route> routes;
};

}  // namespace sidecar::test
