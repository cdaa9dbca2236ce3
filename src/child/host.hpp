// Host: the services that all children share, and the process-wide settings and clean-up that
// children need. Loop thread only; the functions belong to main.
#pragma once

#include <boost/asio/io_context.hpp>
#include <sys/types.h>
#include <vector>

#include "util/timers.hpp"

namespace sidecar::observe {
class Log;
class Metrics;
}  // namespace sidecar::observe

namespace sidecar::child {

class Descendants;
class Guard;
class Reaper;

// Built by app; outlives every supervisor. Copied freely: it only holds references.
struct Host {
  boost::asio::io_context& loop;
  Timers& timers;
  observe::Log& log;
  observe::Metrics& metrics;
  Reaper& reaper;
  const Guard& guard;
  Descendants& descendants;
};

// Call first in main. Opens /dev/null for each closed standard descriptor, because a pipe could
// take its number; ignores SIGPIPE, so that writing to a dead child is an error of write; becomes a
// subreaper, so that orphans of our children become our children.
void prepare_host_process();

// Sets whether other processes of this user, including the wrapped server, may read the memory,
// environment and descriptors of this process (ptrace, /proc/PID), and whether a crash leaves a
// core file. The guard inherits the setting; a process that calls exec becomes readable again.
// Processes with CAP_SYS_PTRACE can always read it.
void set_readable_by_others(bool allowed) noexcept;

// The children of this process, zombies included. Before any was started, they are those of the
// program that became the sidecar by exec: `daemon & exec mcp-sidecar`.
std::vector<pid_t> direct_children();

// Call last in main, after the loop. Kills and reaps every direct child, adopted ones included,
// except `guard` and `inherited`. Blocks for at most two seconds. Returns how many it killed.
unsigned kill_remaining_children(const Guard& guard, const std::vector<pid_t>& inherited = {});

}  // namespace sidecar::child
