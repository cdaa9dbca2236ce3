// Program: runs a Service as a process, with the loop, signals, real children and the order of
// shutdown. Owned by main; loop thread only.
//
// Shutdown starts at the first TERM or INT, or at a HUP after the terminal has closed:
//   1 New connections and calls are refused.
//   2 Calls in flight may finish (drain time).
//   3 The children are ended by the kill ladder; pending calls are answered with an error.
//   4 Streams and connections end, and meanwhile the descendants that the children have left.
//   5 The audit log writes its queue.
// A second signal ends the program at once. Any other HUP reloads the settings (app/reload.hpp).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <string>
#include <vector>

#include "access/keys.hpp"
#include "app/configuration.hpp"
#include "app/kept_secret.hpp"
#include "app/service.hpp"
#include "app/service_manager.hpp"
#include "app/terminal.hpp"
#include "audit/audit_log.hpp"
#include "child/descendants.hpp"
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
  // `environment`: of this process, for ServiceManager.
  Program(Configuration configuration, child::Launch launch, ReadConfiguration read_again,
          const config::Environment& environment, const child::Guard& guard, observe::Log& log);

  // Opens the audit log, listens, starts the children and runs until a signal ends the program.
  // Returns the exit code. Errors: the audit log or the port cannot be opened.
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
  void end_the_rest();
  void stop_when_ended();

  config::Loaded loaded_;
  const config::Settings& settings_ = loaded_.settings;
  observe::Log& log_;
  observe::Log server_log_ = log_.for_server(observe::kDefaultServer);  // of the children
  boost::asio::io_context loop_{1};  // for one thread: the sockets need no locks
  AsioTimers timers_{loop_};
  observe::Metrics metrics_;
  observe::Calls calls_{timers_};
  observe::CallMetrics call_metrics_{metrics_};
  observe::CallLog call_log_{log_};
  observe::RecentCalls recent_calls_;
  // Outlives the service, because its last calls are recorded too.
  std::unique_ptr<audit::AuditLog> audit_;
  const ReadConfiguration read_again_;
  std::vector<std::string> child_environment_;
  const Terminal terminal_;
  ServiceManager service_manager_;
  boost::asio::signal_set signals_;
  child::Reaper reaper_;
  child::Descendants descendants_;
  const KeptSecret secret_;
  Service service_;
  int signals_seen_ = 0;
  int exit_code_ = 0;
  Clock::time_point drain_until_{};
  bool connections_ended_ = false;
  bool descendants_ended_ = false;
  Timer shutdown_timer_;
};

}  // namespace sidecar::app
