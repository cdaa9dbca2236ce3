// Service: builds and connects all parts that serve clients, in the order of the floors: port,
// gate, sessions, rates, dashboard, and the wrapped server. Knows no signals and no processes: a
// factory for children is passed in.
// Owned by Program; loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <vector>

#include "access/access_tokens.hpp"
#include "access/gate.hpp"
#include "app/jwks_source.hpp"
#include "app/keys_watch.hpp"
#include "app/wrapped_server.hpp"
#include "auth/secret.hpp"
#include "child/link.hpp"
#include "config/settings.hpp"
#include "endpoints/mcp/event_ring.hpp"
#include "endpoints/ops/dashboard.hpp"
#include "endpoints/ops/health.hpp"
#include "endpoints/ops/oauth_metadata.hpp"
#include "endpoints/ops/pages.hpp"
#include "endpoints/ops/rate_status.hpp"
#include "endpoints/ops/session_list.hpp"
#include "http/budget.hpp"
#include "http/server.hpp"
#include "observe/calls.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/rate_limited_log.hpp"
#include "observe/recent_calls.hpp"
#include "session/session_table.hpp"
#include "session/stream_limit.hpp"
#include "util/timers.hpp"

namespace sidecar::app {

// Shared by all parts; outlives them.
struct Dependencies {
  boost::asio::io_context& loop;
  Timers& timers;
  observe::Log& log;
  observe::Metrics& metrics;
  const observe::Calls& calls;         // observes every call
  const observe::RecentCalls& recent;  // one of its observers
  const auth::Secret& secret;
};

// Descriptors that are reserved for children and files.
std::uint64_t reserved_descriptors(const config::InstanceSettings& instances);

class Service {
 public:
  // `settings` outlives the service. `networks`: those of AccessSettings, parsed. `keys`: from the
  // keys file.
  Service(const config::Settings& settings, access::Networks networks,
          const std::vector<access::StoredKey>& keys, child::ChildFactory children,
          const Dependencies& dependencies);

  // Starts the children and the checks of the keys file. server().listen() opens the port.
  void start();

  // True if callers need a key or a token. `of_file`: the keys of the keys file.
  static bool needs_key(const config::Settings& settings,
                        const std::vector<access::StoredKey>& of_file);
  // Applies the settings that may change while the program runs.
  void apply(access::Networks networks, std::vector<access::StoredKey> of_file);

  // Every endpoint, as the server serves them. They use the service.
  std::vector<http::Route> routes();
  http::Server& server() { return server_; }
  mux::Instances& instances() { return wrapped_.instances(); }
  const mux::Instances& instances() const { return wrapped_.instances(); }
  KeysWatch& keys_watch() { return keys_watch_; }
  const access::Gate& gate() const { return gate_; }
  const session::SessionTable& sessions() const { return sessions_; }
  // While no key is needed, a caller with this token is an administrator. Never in the child's
  // environment or an error; in one log line only, which shows it to the operator.
  const std::string& start_token() const { return start_token_; }

 private:
  http::Verdict judge(const http::Head& head);
  access::GateRequest gate_request(const http::Head& head) const;
  endpoints::ApiFacts api_facts(const http::Head& head) const;
  // The path prefix under which a client reached this server.
  std::string prefix_of(const http::Head& head) const;
  std::optional<access::KnownSession> session_of(const http::Head& head) const;

  const config::Settings& settings_;
  observe::Log& log_;
  observe::Log server_log_;  // for lines about the wrapped server
  observe::Metrics& metrics_;
  observe::RateLimitedLog refusals_;
  http::Budget buffered_;
  session::StreamLimit streams_;
  endpoints::RingBudget rings_;
  const std::string process_;  // see session::SessionIds
  WrappedServer wrapped_;      // outlives the sessions
  session::SessionTable sessions_;
  access::RateLimits rates_;
  const std::string start_token_;  // random, new at each start
  access::AccessTokens tokens_;
  JwksSource jwks_;
  access::Gate gate_;
  KeysWatch keys_watch_;
  endpoints::Health health_;
  endpoints::RateStatus rate_status_;
  endpoints::SessionList session_list_;
  endpoints::OAuthMetadata oauth_metadata_;
  endpoints::Pages pages_;
  endpoints::Dashboard dashboard_;
  http::Server server_;
};

}  // namespace sidecar::app
