// Program: a Service as a process: the loop, signals, real children, the order of shutdown. Owned
// by main; loop thread only.
//
// Shutdown, at the first TERM or INT, or HUP of a terminal that is gone: nothing new is accepted →
// calls in flight may finish (drain time) → the child is ended by its ladder, and whoever still
// waits is told → streams and connections end. A second signal ends it at once. Any other HUP reads
// the settings again (app/reload.hpp). Last of all, the audit log writes what it has.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <string>
#include <vector>

#include "access/keys.hpp"
#include "app/configuration.hpp"
#include "app/service.hpp"
#include "app/service_manager.hpp"
#include "app/terminal.hpp"
#include "audit/audit_log.hpp"
#include "child/guard.hpp"
#include "child/host.hpp"
#include "child/reaper.hpp"
#include "child/supervisor.hpp"
#include "config/sources.hpp"
#include "observe/call_sinks.hpp"
#include "observe/calls.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/recent_calls.hpp"
#include "util/asio_timers.hpp"

namespace sidecar::app {

class Program {
 public:
  // `environment`: of this process, in which systemd says where it listens.
  Program(Configuration configuration, child::Launch launch, ReadConfiguration read_again,
          const config::Environment& environment, const child::Guard& guard, observe::Log& log);

  // Opens the audit log, listens, starts the child, runs until a signal has ended it all. Returns
  // the exit code; errors: the audit log, the port.
  Result<int> run();

 private:
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
  observe::Calls calls_{timers_};
  observe::CallMetrics call_metrics_{metrics_};
  observe::CallLog call_log_{log_};
  observe::RecentCalls recent_calls_;
  // outlives whoever has calls: they are told of to the last
  std::unique_ptr<audit::AuditLog> audit_;
  const ReadConfiguration read_again_;
  std::vector<std::string> child_environment_;
  const Terminal terminal_;
  ServiceManager service_manager_;
  boost::asio::signal_set signals_;
  child::Reaper reaper_;
  Service service_;
  int signals_seen_ = 0;
  int exit_code_ = 0;
  Clock::time_point drain_until_{};
  Timer shutdown_timer_;
};

}  // namespace sidecar::app
