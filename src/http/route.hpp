// Route: one row of a table of endpoints: method, path, access rules and handler. The gate judges a
// request by the rules of its row and never by its path.
#pragma once

#include <string>

#include "http/exchange.hpp"
#include "util/fields.hpp"
#include "util/route_rules.hpp"

namespace sidecar::http {

struct Route {
  std::string method;  // GET also serves HEAD; OPTIONS without a route is answered 204 with Allow
  // Fixed, also served with one slash at its end; or a prefix if it ends in "/*". Below the prefix
  // of its table, if that is mounted; Head::path has that prefix too.
  std::string path;
  std::string name;  // the metric's endpoint label
  // Those of a path's first route also hold for methods that the path does not allow.
  RouteRules rules;
  Handler handler;
  bool direct = false;  // a frequent route: its answers are written without cpp-httplib
  // Added to every answer at this path, refusals too. Null: none. Outlives the server.
  const Fields* fields = nullptr;
  // Only for requests that accept an event stream and no page (text/html), both by name; others
  // find a later route of this method and path.
  bool events_only = false;
  bool reads_body = true;  // false: the body is read and not kept, because everybody may send one
};

}  // namespace sidecar::http
