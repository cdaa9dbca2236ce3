// Process: one run of the wrapped command: its pipes, its end, and what is left of its group.
// Knows lines, not their meaning, and nothing of restarts. Owned by Supervisor. Loop thread only.
//
// The end: when the process exits, its group is killed (grandchildren that it left), both outputs
// are read to their ends, then on_end comes. A descendant that left the group may hold a pipe open:
// after `drain_grace` we stop reading. A process that closes its stdout or stdin and lives on is of
// no use: it is ended by the ladder. A last line without LF counts if the process exited with code
// 0 by itself; otherwise it was cut, and is dropped, logged and counted.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "child/alive_token.hpp"
#include "child/command.hpp"
#include "child/host.hpp"
#include "child/kill_ladder.hpp"
#include "child/line_framer.hpp"
#include "child/link.hpp"
#include "child/pipe_reader.hpp"
#include "child/spawn.hpp"
#include "child/stderr_log.hpp"
#include "child/stdin_writer.hpp"

namespace sidecar::child {

struct ProcessOptions {
  std::string name = "child";  // in logs
  Launch launch;
  KillTimes kill_times;
  std::size_t max_line_bytes = std::size_t{64} << 20;
  std::size_t stdin_queue_bytes = std::size_t{16} << 20;
  // A line beyond the limit must end within these, or the process is ended.
  std::size_t max_unfinished_bytes = std::size_t{1} << 30;
  std::chrono::milliseconds line_timeout{60'000};
  std::chrono::milliseconds drain_grace{500};
};

class ProcessEvents : public LineSink {
 public:
  // Less than ChildLink::kLowWater waits for its stdin, after more had.
  virtual void on_writable() = 0;
  // Comes last, once, and from the loop: the process may be destroyed in it. The fields about
  // restarts are not set.
  virtual void on_end(Exit exit) = 0;
};

class Process {
 public:
  // Errors: "cannot start: …".
  static Result<std::unique_ptr<Process>> start(const Host& host, const ProcessOptions& options,
                                                ProcessEvents& events);
  // Kills what still runs, without waiting; on_end does not come then.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // It runs and nobody has asked it to end.
  bool usable() const { return !status_ && !ladder_.started(); }
  StdinWriter& input() { return input_; }
  const StdinWriter& input() const { return input_; }

  // Ends it by the ladder; `why` goes in front of Exit::reason, unless it is empty. Later reasons
  // are not heard.
  void end(std::string why);
  // Ends it now.
  void kill();

 private:
  Process(const Host& host, const ProcessOptions& options, ProcessEvents& events, Spawned spawned);
  void take(KillStep step);
  void read_output(std::string_view bytes);
  void lingers(const char* what);
  void wait();
  void exited(int status);
  void finish_if_drained();
  void finish();
  Exit describe();

  Host host_;
  const ProcessOptions& options_;
  ProcessEvents& events_;
  pid_t pid_;
  boost::asio::posix::stream_descriptor pidfd_;  // readable once it has exited
  KillLadder ladder_;
  LineFramer framer_;
  StderrLog stderr_;
  StdinWriter input_;
  PipeReader output_;
  PipeReader errors_;
  Timer line_timer_;  // runs while a line beyond the limit is under way
  bool line_timed_ = false;
  Timer drain_timer_;
  std::optional<int> status_;        // as wait() gives it
  std::string why_;                  // we ended it, and why
  const char* lingering_ = nullptr;  // why, should it have to be made to
  bool output_complete_ = false;     // stdout was read to its end
  AliveToken alive_;
};

}  // namespace sidecar::child
