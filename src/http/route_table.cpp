#include "http/route_table.hpp"

#include <algorithm>

#include "http/content_negotiation.hpp"

namespace sidecar::http {
namespace {

// True for a client that reads events, not for a browser that opens a page.
bool wants_events(const Head& head) {
  return accepts_by_name(head, kEventStreamType) && !accepts_by_name(head, kHtmlType);
}

}  // namespace

void EndpointCounters::count(int status) {
  for (auto& [known, counter] : counters_) {
    if (known == status) return counter->Increment();
  }
  counters_.emplace_back(status, &metrics_.requests(name_, status));
  counters_.back().second->Increment();
}

void Resource::add(Route route, observe::Metrics& metrics) {
  const bool known = std::any_of(
      endpoints.begin(), endpoints.end(),
      [&route](const auto& endpoint) { return endpoint->route.method == route.method; });
  if (!known && route.method == "GET") allow += ", GET, HEAD";
  if (!known && route.method != "GET" && route.method != "OPTIONS") allow += ", " + route.method;
  EndpointCounters counters(metrics, route.name);
  endpoints.push_back(std::make_unique<Endpoint>(Endpoint{std::move(route), std::move(counters)}));
}

Endpoint* Resource::serving(const Head& head) const {
  const auto find = [&](std::string_view method) -> Endpoint* {
    for (const auto& endpoint : endpoints) {
      const Route& route = endpoint->route;
      if (route.method == method && (!route.events_only || wants_events(head)))
        return endpoint.get();
    }
    return nullptr;
  };
  Endpoint* const found = find(head.method);
  return found || head.method != "HEAD" ? found : find("GET");
}

RouteTable::RouteTable(std::vector<Route> routes, observe::Metrics& metrics) {
  for (Route& route : routes) {
    Resource* resource = nullptr;
    if (route.path.ends_with("/*")) {
      const std::string prefix = route.path.substr(0, route.path.size() - 1);
      auto found = std::find_if(prefixes_.begin(), prefixes_.end(),
                                [&](auto& entry) { return entry.first == prefix; });
      if (found == prefixes_.end()) found = prefixes_.emplace(prefixes_.end(), prefix, Resource{});
      resource = &found->second;
    } else {
      resource = &exact_[route.path];
    }
    resource->add(std::move(route), metrics);
  }
  std::sort(prefixes_.begin(), prefixes_.end(),
            [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

Resource* RouteTable::find(std::string_view& path) {
  if (const auto found = exact_.find(path); found != exact_.end()) return &found->second;
  if (path.ends_with('/')) {
    const auto found = exact_.find(path.substr(0, path.size() - 1));
    if (found != exact_.end()) {
      path.remove_suffix(1);
      return &found->second;
    }
  }
  for (auto& [prefix, resource] : prefixes_) {
    if (path.starts_with(prefix)) return &resource;
  }
  return nullptr;
}

}  // namespace sidecar::http
