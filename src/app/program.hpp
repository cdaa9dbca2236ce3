// Program: builds every part in the order of the floors, joins them, and takes them down again.
// The one place that knows all of them. Owned by main; loop thread only.
//
// Shutdown, at the first TERM or INT, or HUP of a terminal that is gone: nothing new is accepted → calls in
// flight may finish (drain time) → the child is ended by its ladder, and whoever still waits is told →
// streams and connections end. A second signal ends it at once. Any other HUP reads the settings again
// (app/reload.hpp).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/gate.hpp"
#include "app/configuration.hpp"
#include "app/keys_watch.hpp"
#include "app/service_manager.hpp"
#include "app/terminal.hpp"
#include "child/guard.hpp"
#include "child/host.hpp"
#include "child/reaper.hpp"
#include "child/supervisor.hpp"
#include "config/sources.hpp"
#include "http/server.hpp"
#include "mux/instances.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "session/session_table.hpp"
#include "session/stream_limit.hpp"
#include "transport/admin.hpp"
#include "transport/event_ring.hpp"
#include "transport/health.hpp"
#include "transport/legacy_sse.hpp"
#include "transport/rate_status.hpp"
#include "transport/rest.hpp"
#include "transport/streamable_http.hpp"
#include "util/asio_timers.hpp"

namespace sidecar::app {

class Program {
 public:
  // `environment`: of this process, in which systemd says where it listens.
  Program(Configuration configuration, child::Launch launch, ReadConfiguration read_again,
          const config::Environment& environment, const child::Guard& guard, observe::Log& log);

  // Listens, starts the child, runs until a signal has ended it all. Returns the exit code; errors: the port.
  Result<int> run();

 private:
  std::vector<http::Route> routes();
  http::Verdict judge(const http::Head& head);
  std::optional<access::KnownSession> session_of(const http::Head& head) const;
  void announce(std::uint16_t port) const;

  void read_settings_again();
  void apply(Configuration fresh);
  ServiceStatus service_status() const;
  void wait_for_signal();
  void shut_down(int signal);
  void drain();
  void end_child();
  void end_connections();

  config::Loaded loaded_;
  const config::Settings& settings_ = loaded_.settings;
  observe::Log& log_;
  boost::asio::io_context loop_{1};  // one thread: no locks in the sockets
  AsioTimers timers_{loop_};
  observe::Metrics metrics_;
  const ReadConfiguration read_again_;
  std::vector<std::string> child_environment_;
  const Terminal terminal_;
  ServiceManager service_manager_;
  boost::asio::signal_set signals_;
  child::Reaper reaper_;
  mux::Instances instances_;
  session::StreamLimit streams_;
  transport::RingBudget rings_;
  const transport::StreamableParts streamable_parts_;
  session::SessionTable sessions_;
  access::RateLimits rates_;
  access::Gate gate_;
  KeysWatch keys_watch_;
  transport::LegacySse legacy_sse_;
  transport::StreamableHttp streamable_http_;
  transport::Rest rest_;
  transport::Health health_;
  transport::Admin admin_;
  transport::RateStatus rate_status_;
  http::Server server_;
  int signals_seen_ = 0;
  int exit_code_ = 0;
  Clock::time_point drain_until_{};
  Timer shutdown_timer_;
};

}  // namespace sidecar::app
