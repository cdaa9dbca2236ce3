// WrappedServer: one wrapped server: its children, and the endpoints that serve them as one table
// of routes, which can stand at the root or below a prefix (http::Server::mount). Knows no port, no
// keys and no other server; what all servers share is passed in. Owned by Service; outlives the
// sessions, which have leases of its children. Loop thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "access/gate.hpp"
#include "auth/secret.hpp"
#include "child/link.hpp"
#include "config/settings.hpp"
#include "endpoints/mcp/event_ring.hpp"
#include "endpoints/mcp/legacy_sse.hpp"
#include "endpoints/mcp/streamable_http.hpp"
#include "endpoints/ops/admin.hpp"
#include "endpoints/rest/rest.hpp"
#include "endpoints/rest/tool_calls.hpp"
#include "endpoints/rest/tool_endpoints.hpp"
#include "http/server.hpp"
#include "mux/pool/instances.hpp"
#include "observe/calls.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "session/session_ids.hpp"
#include "session/session_table.hpp"
#include "session/stream_limit.hpp"
#include "util/timers.hpp"

namespace sidecar::app {

// The parts that all wrapped servers share. They outlive the servers, except for the sessions,
// which end first.
struct SharedParts {
  Timers& timers;
  const observe::Log& log;
  observe::Metrics& metrics;
  const observe::Calls& calls;  // observes every call
  session::SessionTable& sessions;
  session::StreamLimit& streams;
  endpoints::RingBudget& rings;
  access::Gate& gate;
  const auth::Secret& secret;
  const std::string& process;             // see session::SessionIds
  endpoints::ToolEndpoints::Facts facts;  // for the OpenAPI document
  // The path prefix under which a client reached the root.
  std::function<std::string(const http::Head&)> prefix;
};

class WrappedServer {
 public:
  // `name`: the label `server` (observe/server_label.hpp). `path`: of its routes below the root, in
  // front of their own paths; empty for the root. The objects in `shared` may be constructed later:
  // they are used from start() on.
  WrappedServer(std::string_view name, std::string_view path, const config::Settings& settings,
                child::ChildFactory children, const SharedParts& shared);

  // Starts the children. Call once.
  void start();
  // Applies the settings that may change while the program runs.
  void apply(const config::InstanceSettings& settings);

  // Every endpoint of this server. They use this object.
  std::vector<http::Route> routes();
  mux::Instances& instances() { return instances_; }
  const mux::Instances& instances() const { return instances_; }
  // Answers the calls without a session of the callers whose key or token is gone.
  void end_calls(const session::SessionlessCalls::Holds& holds);

 private:
  observe::Log log_;  // for lines about this server
  mux::Instances instances_;
  session::SessionIds session_ids_;
  const endpoints::StreamableParts streamable_parts_;
  endpoints::ToolCalls tool_calls_;
  endpoints::LegacySse legacy_sse_;
  endpoints::StreamableHttp streamable_http_;
  endpoints::Rest rest_;
  endpoints::ToolEndpoints tool_endpoints_;
  endpoints::Admin admin_;
};

}  // namespace sidecar::app
