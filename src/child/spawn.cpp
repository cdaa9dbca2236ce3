#include "child/spawn.hpp"

#include <algorithm>
#include <boost/asio/detail/throw_error.hpp>  // Boost.Process 1.81 forgets it
#include <boost/asio/io_context.hpp>
#include <boost/process/v2/posix/vfork_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "child/descriptor_limit.hpp"
#include "child/guard.hpp"

namespace sidecar::child {
namespace {

namespace process = boost::process::v2;

// Used where close_range is missing (close-on-exec: before Linux 5.11) or forbidden by a sandbox.
// The cap avoids seconds of system calls under a limit of millions; the sidecar never has that many
// descriptors open (16,384 connections).
constexpr rlim_t kMaxDescriptors = 65'536;

int highest_descriptor() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = kMaxDescriptors;
  return static_cast<int>(std::min(limit.rlim_cur, kMaxDescriptors));
}

bool close_range(int first, unsigned flags) {
  return ::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, flags) == 0;
}

// After vfork the new process runs in our memory until its exec, and this thread waits. So no page
// table is copied, and the error of a failed exec is read from memory. ThreadSanitizer turns vfork
// into fork; there the launcher gets the error through a pipe.
#ifdef __SANITIZE_THREAD__
using Launcher = process::posix::default_launcher;
#else
using Launcher = process::posix::vfork_launcher;
#endif

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;

  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end = UniqueFd(ends[0]);
    write_end = UniqueFd(ends[1]);
    return true;
  }
};

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> list;
  list.reserve(texts.size() + 1);
  for (const std::string& text : texts) list.push_back(text.c_str());
  list.push_back(nullptr);
  return list;
}

// Runs in the new process before its exec, called by Boost.Process. Async-signal-safe. It must not
// change memory, which is ours after vfork; descriptors, signals and directory are its own.
struct BeforeExec {
  const char* directory;  // null: unchanged
  int stdin_end, stdout_end, stderr_end;
  pid_t parent;
  const Guard& guard;
  std::uint64_t descriptor_limit;  // 0: unchanged

  template <class AnyLauncher>
  boost::system::error_code on_exec_setup(AnyLauncher&, const process::filesystem::path&,
                                          const char* const*&) const {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // the parent died before the prctl
    guard.add(::getpid());
    const bool ready =
        ::dup2(stdin_end, STDIN_FILENO) >= 0 && ::dup2(stdout_end, STDOUT_FILENO) >= 0 &&
        ::dup2(stderr_end, STDERR_FILENO) >= 0 && (directory == nullptr || ::chdir(directory) == 0);
    if (!ready) return {errno, boost::system::system_category()};
    close_from_on_exec(STDERR_FILENO + 1);
    if (descriptor_limit > 0) set_descriptor_limit(descriptor_limit);
    // SIG_IGN first, because it discards pending signals: if the guard is gone, guard.add() has
    // raised SIGPIPE, which the mask still blocks.
    set_all_signals(SIG_IGN);
    set_all_signals(SIG_DFL);
    unblock_signals();
    return {};
  }

  // Otherwise the launcher calls exit(), which runs our destructors: they join threads and flush
  // logs.
  template <class... Ignored>
  void on_exec_error(Ignored&&...) const {
    ::_exit(1);
  }
};

// Blocks all signals of this thread. Until the new process resets its handlers, a signal would run
// our handlers there, which write to our memory and to the pipe of our loop.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// The launcher throws where pidfd_open is missing (before Linux 5.3).
boost::system::error_code thrown_error() {
  try {
    throw;
  } catch (const boost::system::system_error& problem) {
    return problem.code();
  } catch (...) {
    return {EAGAIN, boost::system::system_category()};
  }
}

tl::unexpected<Error> cannot_start(const std::string& why) { return fail("cannot start: " + why); }
std::string text(int error) { return std::generic_category().message(error); }

}  // namespace

void close_from(int first) noexcept {
  if (close_range(first, 0)) return;
  for (int fd = first, end = highest_descriptor(); fd < end; ++fd) ::close(fd);
}

void close_from_on_exec(int first) noexcept {
  if (close_range(first, CLOSE_RANGE_CLOEXEC)) return;
  for (int fd = first, end = highest_descriptor(); fd < end; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void set_all_signals(void (*disposition)(int)) noexcept {
  struct sigaction action {};
  action.sa_handler = disposition;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
}

void unblock_signals() noexcept {
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

Result<Spawned> spawn(const Launch& launch, const Guard& guard) {
  const Result<std::string> path = find_command(launch);
  if (!path) return cannot_start(path.error().message);
  Pipe in, out, err;
  if (!in.open() || !out.open() || !err.open()) return cannot_start(text(errno));

  const std::vector<const char*> environment = pointers(launch.environment);
  const std::vector<std::string> arguments(launch.command.begin() + 1, launch.command.end());
  // Not a temporary in the call below, because an exception in the new process would free it twice.
  const process::filesystem::path program(*path);
  const pid_t self = ::getpid();
  const BeforeExec before_exec{
      launch.working_directory.empty() ? nullptr : launch.working_directory.c_str(),
      in.read_end.get(),
      out.write_end.get(),
      err.write_end.get(),
      self,
      guard,
      launch.descriptor_limit};
  // A separate loop without descriptors. After a fork Asio reopens and registers all descriptors of
  // the loop; for the main loop these would be every socket, and the state in our memory would then
  // be that of the new process.
  boost::asio::io_context spare;
  Launcher launcher;
  launcher.env = environment.data();
  boost::system::error_code error;
  try {
    const SignalsBlocked blocked;
    // Detached at once, because the destructor of an attached handle kills the process and waits.
    launcher(spare.get_executor(), error, program, arguments, before_exec).detach();
  } catch (...) {
    // Thrown in the new process, which must never continue as a second sidecar.
    if (::getpid() != self) ::_exit(1);
    error = thrown_error();
  }
  if (error) {
    if (launcher.pid > 0) {
      ::kill(launcher.pid, SIGKILL);
      while (::waitpid(launcher.pid, nullptr, 0) < 0 && errno == EINTR) {
      }
      guard.remove(launcher.pid);
    }
    return cannot_start(fmt::format("{}: {}", launch.command.front(), text(error.value())));
  }
  return Spawned{launcher.pid, std::move(in.write_end), std::move(out.read_end),
                 std::move(err.read_end)};
}

}  // namespace sidecar::child
