// Admin: what may be done to the running program over HTTP.
//   POST /restart  replaces every child: 202 {"restarting":N}. Sessions stay, calls under way finish.
// For callers with the permission admin. Owned by app; loop thread only.
#pragma once

#include <string_view>
#include <vector>

#include "http/server.hpp"
#include "mux/pool/instances.hpp"
#include "observe/log.hpp"

namespace sidecar::endpoints {

// 403. `what` needs a permission, for example "admin" to "end sessions".
http::Response forbidden_without(std::string_view permission, std::string_view what);

class Admin {
 public:
  Admin(mux::Instances& instances, observe::Log& log);

  std::vector<http::Route> routes();

 private:
  void restart(http::Exchange exchange);

  mux::Instances& instances_;
  observe::Log& log_;
};

}  // namespace sidecar::endpoints
