#include "child/process.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child/descendants.hpp"
#include "child/guard.hpp"
#include "child/reaper.hpp"

namespace sidecar::child {
namespace {

constexpr std::size_t kOutputChunk = std::size_t{64} << 10;  // the default capacity of a pipe
// Smaller, because each line of stderr costs a line of log.
constexpr std::size_t kErrorsChunk = std::size_t{8} << 10;

struct SignalName {
  int number;
  const char* name;
};

// The signals that end a process by default. Not sigabbrev_np(), because musl does not have it.
constexpr std::array kSignalNames{
    SignalName{SIGHUP, "SIGHUP"},   SignalName{SIGINT, "SIGINT"},   SignalName{SIGQUIT, "SIGQUIT"},
    SignalName{SIGILL, "SIGILL"},   SignalName{SIGTRAP, "SIGTRAP"}, SignalName{SIGABRT, "SIGABRT"},
    SignalName{SIGBUS, "SIGBUS"},   SignalName{SIGFPE, "SIGFPE"},   SignalName{SIGKILL, "SIGKILL"},
    SignalName{SIGUSR1, "SIGUSR1"}, SignalName{SIGSEGV, "SIGSEGV"}, SignalName{SIGUSR2, "SIGUSR2"},
    SignalName{SIGPIPE, "SIGPIPE"}, SignalName{SIGALRM, "SIGALRM"}, SignalName{SIGTERM, "SIGTERM"},
    SignalName{SIGXCPU, "SIGXCPU"}, SignalName{SIGXFSZ, "SIGXFSZ"}, SignalName{SIGSYS, "SIGSYS"},
};

// Whether people and programs send this signal to end a process. Others are faults of its own.
bool may_be_sent(int signal) {
  return signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
}

// The pidfd is close-on-exec. Throws when no descriptor is left, and before Linux 5.3.
int open_pidfd(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) throw boost::system::system_error(errno, boost::system::system_category());
  return static_cast<int>(fd);
}

}  // namespace

std::string exit_text(int status) {
  if (status == kStatusUnknown) return "ended with unknown status";
  if (WIFEXITED(status)) return fmt::format("exited with code {}", WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  for (const SignalName& signal : kSignalNames) {
    if (signal.number == number)
      return fmt::format("was killed by signal {} ({})", number, signal.name);
  }
  return fmt::format("was killed by signal {}", number);
}

Result<std::unique_ptr<Process>> Process::start(const Host& host, const ProcessOptions& options,
                                                observe::LogBudget& stderr_budget,
                                                ProcessEvents& events) {
  Launch launch = options.launch;
  std::string mark = host.descendants.new_value();
  if (!mark.empty()) launch.environment.push_back(host.descendants.variable(mark));
  Result<Spawned> spawned = spawn(launch, host.guard);
  if (!spawned) return tl::unexpected(spawned.error());
  const pid_t pid = spawned->pid;
  host.reaper.own(pid);
  // The child has registered itself already; adding it again shows whether the guard still runs.
  if (!host.guard.add(pid)) {
    host.log.warn(
        "guard is gone; a SIGKILL of the sidecar would leave the child's descendants running",
        {{"child", options.name}});
  }
  try {
    return std::unique_ptr<Process>(
        new Process(host, options, stderr_budget, events, *std::move(spawned), std::move(mark)));
  } catch (const boost::system::system_error& error) {
    // No descriptor is left for the pidfd or the loop.
    ::kill(-pid, SIGKILL);
    host.guard.remove(pid);
    host.reaper.disown(pid);
    return fail(fmt::format("cannot start: {}", error.code().message()));
  }
}

Process::Process(const Host& host, const ProcessOptions& options, observe::LogBudget& stderr_budget,
                 ProcessEvents& events, Spawned spawned, std::string mark)
    : host_(host),
      options_(options),
      events_(events),
      pid_(spawned.pid),
      mark_(std::move(mark)),
      pidfd_(host.loop, open_pidfd(spawned.pid)),
      ladder_(host.timers, options.kill_times, [this](KillStep step) { take(step); }),
      framer_(options.max_line_bytes, events),
      stderr_(host.log, host.timers, stderr_budget, options.name),
      input_(
          host.loop, std::move(spawned.input), options.stdin_queue_bytes, host.metrics,
          [this] { lingers("closed its stdin and did not exit"); },
          [&events] { events.on_writable(); }),
      output_(
          host.loop, std::move(spawned.output), kOutputChunk,
          [this](std::string_view bytes) { read_output(bytes); },
          [this] {
            output_complete_ = true;
            lingers("closed its stdout and did not exit");
            finish_if_drained();
          }),
      errors_(
          host.loop, std::move(spawned.errors), kErrorsChunk,
          [this](std::string_view bytes) { stderr_.feed(bytes); },
          [this] { finish_if_drained(); }) {
  wait();
}

Process::~Process() {
  if (status_) return;
  ::kill(-pid_, SIGKILL);
  host_.guard.remove(pid_);
  host_.descendants.end(options_.name, mark_, pid_);
  host_.reaper.disown(pid_);
}

void Process::end(std::string why) {
  if (!usable()) return;
  why_ = std::move(why);
  ended_at_ = host_.timers.now();
  ladder_.start();
}

void Process::kill() {
  if (!status_) ladder_.kill();  // after the exit, another process may have the same pid
}

void Process::take(KillStep step) {
  switch (step) {
    case KillStep::kCloseStdin:
      return input_.close();
    case KillStep::kTerminate:
      if (why_.empty() && lingering_ != nullptr) why_ = lingering_;
      signalled_ = true;
      ::kill(-pid_, SIGTERM);
      return;
    case KillStep::kKill:
      signalled_ = true;
      ::kill(-pid_, SIGKILL);
      return;
  }
}

void Process::read_output(std::string_view bytes) {
  framer_.feed(bytes);
  if (!framer_.discarding()) {
    line_timed_ = false;
    line_timer_.cancel();
  } else if (framer_.unfinished() > options_.max_unfinished_bytes) {
    end(fmt::format("wrote {} bytes without a line feed", framer_.unfinished()));
  } else if (!line_timed_) {
    line_timed_ = true;
    line_timer_ = host_.timers.after(options_.line_timeout,
                                     [this] { end("did not finish an oversized line in time"); });
  }
}

void Process::lingers(const char* what) {
  // Usually it is about to exit. The reason is reported only if TERM was needed.
  if (!usable()) return;
  lingering_ = what;
  ladder_.start();
}

// Not Boost's async_wait, which calls a blocking waitpid as soon as Asio reports the pidfd
// readable. That report can be false: Asio may deliver an event of a closed descriptor to the one
// that reuses its slot.
void Process::wait() {
  pidfd_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    alive_.wrap([this](const boost::system::error_code&) {
                      siginfo_t info{};
                      const int error = ::waitid(P_PID, static_cast<id_t>(pid_), &info,
                                                 WEXITED | WNOHANG | WNOWAIT);
                      if (error == 0 && info.si_pid == 0) return wait();
                      // An error means that the process was collected elsewhere.
                      exited(error == 0);
                    }));
}

void Process::exited(bool collectable) {
  exited_at_ = host_.timers.now();
  ladder_.cancel();
  int status = kStatusUnknown;
  // Before it is collected, because its number may be another group's afterwards.
  if (collectable) ::kill(-pid_, SIGKILL);
  host_.guard.remove(pid_);
  if (collectable) ::waitpid(pid_, &status, WNOHANG);
  status_ = status;
  host_.descendants.end(options_.name, mark_, collectable ? pid_ : 0);
  host_.reaper.disown(pid_);
  input_.close();
  if (!output_.ended() || !errors_.ended()) {
    drain_timer_ = host_.timers.after(options_.drain_grace, [this] { finish(); });
  }
  finish_if_drained();
}

void Process::finish_if_drained() {
  if (status_ && output_.ended() && errors_.ended()) finish();
}

void Process::finish() {
  drain_timer_.cancel();
  line_timer_.cancel();
  output_.close();
  errors_.close();
  input_.close();
  stderr_.finish();
  Exit exit = describe();
  if (framer_.unfinished() > 0) {
    if (output_complete_ && exit.code == 0) {
      framer_.finish();
    } else {
      host_.log.warn("incomplete child line dropped",
                     {{"child", options_.name}, {"bytes", framer_.unfinished()}});
      host_.metrics.dropped("cut_line").Increment();
    }
  }
  // Posted, because the receiver may destroy this object while its members are on the call stack.
  boost::asio::post(host_.loop, alive_.wrap([&events = events_, exit = std::move(exit)]() mutable {
    events.on_end(std::move(exit));
  }));
}

EndedBy Process::ended_by(const Exit& exit) const {
  if (!why_.empty()) return EndedBy::kSidecar;
  const bool sent = exit.signal && may_be_sent(*exit.signal);
  return sent || ended_at_ ? EndedBy::kOthers : EndedBy::kItself;
}

Exit Process::describe() {
  Exit exit;
  if (*status_ != kStatusUnknown && WIFEXITED(*status_)) exit.code = WEXITSTATUS(*status_);
  if (*status_ != kStatusUnknown && WIFSIGNALED(*status_)) exit.signal = WTERMSIG(*status_);
  exit.by_sidecar = !why_.empty() || (exit.signal && signalled_);
  exit.reason = !why_.empty()     ? why_
                : exit.by_sidecar ? "was ended by mcp-sidecar"
                                  : exit_text(*status_);
  exit.error_line = stderr_.reason(ended_at_.value_or(exited_at_), ended_by(exit));
  exit.stderr_tail = stderr_.tail();
  exit.unwritten = input_.take_unwritten();
  return exit;
}

}  // namespace sidecar::child
