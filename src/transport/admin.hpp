// Admin: what may be done to the running program over HTTP.
//   POST /restart  replaces every child: 202 {"restarting":N}. Sessions stay, calls under way finish.
// Where no key is configured, only for programs of this machine. Owned by app; loop thread only.
#pragma once

#include <vector>

#include "http/server.hpp"
#include "mux/instances.hpp"
#include "observe/log.hpp"

namespace sidecar::transport {

class Admin {
 public:
  // `needs_key`: keys are configured, and the gate lets nobody in without one.
  Admin(mux::Instances& instances, bool needs_key, observe::Log& log);

  std::vector<http::Route> routes();

 private:
  void restart(http::Exchange exchange);

  mux::Instances& instances_;
  const bool needs_key_;
  observe::Log& log_;
};

}  // namespace sidecar::transport
