// RouteTable: finds the route of a request by method and path. Knows nothing of connections and
// answers. Owned by Engine, and by the requests that it matched: a table that is taken away lives
// until the last of them has been answered. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/route.hpp"
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

struct Endpoint {
  Route route;
  EndpointCounters counters;
};

// A path and the endpoints at it.
struct Resource {
  std::vector<std::unique_ptr<Endpoint>> endpoints;  // at least one
  std::string allow = "OPTIONS";                     // value of the Allow field

  void add(Route route, observe::Metrics& metrics);
  // Null: the path does not allow the method.
  Endpoint* serving(const Head& head) const;
};

// The route of a request. Holds its table.
struct RouteMatch {
  std::shared_ptr<Resource> resource{};  // null: no route has this path
  Endpoint* endpoint = nullptr;          // null: nor this method

  // The endpoint, else the path's first one; null: no route has this path.
  Endpoint* nearest() const {
    return endpoint || !resource ? endpoint : resource->endpoints.front().get();
  }
  const RouteRules& rules() const { return resource ? nearest()->route.rules : kNoRoute; }
};

class RouteTable {
 public:
  RouteTable(std::vector<Route> routes, observe::Metrics& metrics);

  // The resource of the exact path, else of the path without one slash at its end, which is then
  // removed from `path`; else of the longest prefix. Null: none.
  Resource* find(std::string_view& path);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::unordered_map<std::string, Resource, Hash, std::equal_to<>> exact_;
  std::vector<std::pair<std::string, Resource>> prefixes_;  // "/messages/", longest first
};

}  // namespace sidecar::http
