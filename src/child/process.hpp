// Process: one run of the wrapped command: its pipes, its exit, and the clean-up of its group.
// Knows lines but not their meaning, and nothing of restarts. Owned by Supervisor. Loop thread
// only.
//
// When the process exits, its group is killed (grandchildren), descendants that left the group are
// ended (Descendants), stdout and stderr are read to their ends, and on_end is called. A descendant
// that left the group may hold a pipe open, so reading stops after `drain_grace`. A process that
// closes its stdin or stdout and does not exit is ended by the ladder. A last line without LF is
// delivered if stdout was read to its end and the exit code is 0; otherwise it is dropped, logged
// and counted.
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
#include "config/settings.hpp"
#include "observe/log_budget.hpp"

namespace sidecar::child {

inline constexpr int kStatusUnknown = -1;  // the process was collected elsewhere

// "exited with code 1", "killed by signal 9 (SIGKILL)". `status`: as wait() returns it, or
// kStatusUnknown.
std::string exit_text(int status);

struct ProcessOptions : config::ProcessSettings {
  std::string name = "child";  // in logs
  Launch launch{};
  // A line beyond max_line_bytes must end within this size and time, or the process is ended.
  std::size_t max_unfinished_bytes = std::size_t{1} << 30;
  std::chrono::milliseconds line_timeout{60'000};
  std::chrono::milliseconds drain_grace{500};  // after the exit, for pipes that stay open
};

class ProcessEvents : public LineSink {
 public:
  // Fewer than ChildLink::kLowWater bytes wait for its stdin, after more had.
  virtual void on_writable() = 0;
  // The last call, made once and from the loop; it may destroy the process. The fields of `exit`
  // about restarts are not set.
  virtual void on_end(Exit exit) = 0;
};

class Process {
 public:
  // `stderr_budget`: what its stderr may add to the log; outlives it. Errors: "cannot start: …".
  static Result<std::unique_ptr<Process>> start(const Host& host, const ProcessOptions& options,
                                                observe::LogBudget& stderr_budget,
                                                ProcessEvents& events);
  // If the process still runs, kills the group and ends what left it, without waiting and without
  // calling on_end.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // It runs and is not being ended.
  bool usable() const { return !status_ && !ladder_.started(); }
  // See ChildLink::note_stray_output().
  void note_stray_output(std::string_view line) { stderr_.note(line); }
  StdinWriter& input() { return input_; }
  const StdinWriter& input() const { return input_; }

  // Ends it by the ladder. A `why` that is not empty becomes Exit::reason; that of a later call is
  // ignored.
  void end(std::string why);
  // Replaces the `why` of end().
  void explain_end(std::string why) { why_ = std::move(why); }
  // Sends KILL now.
  void kill();

 private:
  Process(const Host& host, const ProcessOptions& options, observe::LogBudget& stderr_budget,
          ProcessEvents& events, Spawned spawned, std::string mark);
  void take(KillStep step);
  void read_output(std::string_view bytes);
  void lingers(const char* what);
  void wait();
  // `collectable`: its zombie still holds its number.
  void exited(bool collectable);
  void finish_if_drained();
  void finish();
  EndedBy ended_by(const Exit& exit) const;
  Exit describe();

  Host host_;
  const ProcessOptions& options_;
  ProcessEvents& events_;
  pid_t pid_;
  const std::string mark_;                       // value for Descendants
  boost::asio::posix::stream_descriptor pidfd_;  // readable once it has exited
  KillLadder ladder_;
  LineFramer framer_;
  StderrLog stderr_;
  StdinWriter input_;
  PipeReader output_;
  PipeReader errors_;
  Timer line_timer_;         // runs while a line beyond the limit is being discarded
  bool line_timed_ = false;  // line_timer_ has been set for this line
  Timer drain_timer_;
  std::optional<int> status_;                  // as wait() returns it; set once it has exited
  std::string why_;                            // why the sidecar ends it; may be empty
  std::optional<Clock::time_point> ended_at_;  // when the sidecar began to end it
  Clock::time_point exited_at_{};              // with status_
  bool signalled_ = false;                     // the ladder has sent TERM or KILL
  const char* lingering_ = nullptr;            // becomes why_ if it needs TERM
  bool output_complete_ = false;               // stdout was read to its end
  AliveToken alive_;
};

}  // namespace sidecar::child
