// What the program as a whole must be before it may have children, and what it does about them at
// its very end.
#pragma once

#include <boost/asio/io_context.hpp>

#include "util/timers.hpp"

namespace sidecar::observe {
class Log;
class Metrics;
}  // namespace sidecar::observe

namespace sidecar::child {

class Guard;
class Reaper;

// What children share. Built by app; outlives every supervisor.
struct Host {
  boost::asio::io_context& loop;
  Timers& timers;
  observe::Log& log;
  observe::Metrics& metrics;
  Reaper& reaper;
  const Guard& guard;
};

// First thing in main: opens /dev/null for a standard descriptor that is closed (else a pipe could
// take its number), ignores SIGPIPE (a dead child is an error of write), and becomes a subreaper:
// orphans of our children are ours.
void prepare_host_process();

// Whether other processes of this user, the wrapped server among them, may read the memory, the
// environment and the descriptors of this one (ptrace, /proc/PID), and whether a crash leaves a
// core file. The guard inherits it; a program that is executed is readable again. Processes with
// CAP_SYS_PTRACE may read it in any case.
void set_readable_by_others(bool allowed) noexcept;

// Last thing in main, after the loop: kills and reaps every direct child of ours, adopted ones too,
// but not `guard`. Blocks for two seconds at most. Returns how many it killed.
unsigned kill_remaining_children(const Guard& guard);

}  // namespace sidecar::child
