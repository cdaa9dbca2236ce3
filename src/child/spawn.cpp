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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "child/after_fork.hpp"
#include "child/descriptor_limit.hpp"
#include "child/guard.hpp"

namespace sidecar::child {
namespace {

namespace process = boost::process::v2;

// Until the exec the new process runs in our memory while this thread stands still: no page table
// is copied, and why the exec failed is read from that memory. ThreadSanitizer makes a fork of a
// vfork: under it the launcher has to be told through a pipe.
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

// What the new process does before exec: Boost.Process calls it there. Async-signal-safe, and
// leaves no trace in memory, which is ours: descriptors, signals and directory are its own.
struct BeforeExec {
  const char* directory;  // null: stays where we are
  int stdin_end, stdout_end, stderr_end;
  pid_t parent;
  const Guard& guard;
  std::uint64_t descriptor_limit;  // 0: stays

  template <class AnyLauncher>
  boost::system::error_code on_exec_setup(AnyLauncher&, const process::filesystem::path&,
                                          const char* const*&) const {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // it died before the prctl
    guard.add(::getpid());
    const bool ready =
        ::dup2(stdin_end, STDIN_FILENO) >= 0 && ::dup2(stdout_end, STDOUT_FILENO) >= 0 &&
        ::dup2(stderr_end, STDERR_FILENO) >= 0 && (directory == nullptr || ::chdir(directory) == 0);
    if (!ready) return {errno, boost::system::system_category()};
    close_from_on_exec(STDERR_FILENO + 1);
    if (descriptor_limit > 0) set_descriptor_limit(descriptor_limit);
    // Ignored first, which forgets what is pending: the guard may be gone, and SIGPIPE waits behind
    // the mask.
    set_all_signals(SIG_IGN);
    set_all_signals(SIG_DFL);
    unblock_signals();
    return {};
  }

  // The launcher would go on to exit(), which runs destructors of ours: threads to join, logs to
  // flush.
  template <class... Ignored>
  void on_exec_error(Ignored&&...) const {
    ::_exit(1);
  }
};

// Blocks all signals of this thread. The new process shares our handlers, the memory and the pipe
// to the loop behind them, until it has reset them.
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

// Without pidfd_open (Linux 5.3) the launcher throws.
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

Result<Spawned> spawn(const Launch& launch, const Guard& guard) {
  const Result<std::string> path = find_command(launch);
  if (!path) return cannot_start(path.error().message);
  Pipe in, out, err;
  if (!in.open() || !out.open() || !err.open()) return cannot_start(text(errno));

  const std::vector<const char*> environment = pointers(launch.environment);
  const std::vector<std::string> arguments(launch.command.begin() + 1, launch.command.end());
  // Not a temporary below: would the new process unwind, it would be freed twice.
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
  // A loop of its own, without a descriptor yet: told of a fork, Asio opens and registers those of
  // a loop anew, which for ours would be every socket; and what it then keeps in memory would be
  // the new process's.
  boost::asio::io_context spare;
  Launcher launcher;
  launcher.env = environment.data();
  boost::system::error_code error;
  try {
    const SignalsBlocked blocked;
    // Detached at once: the handle of an attached process kills and waits in its destructor.
    launcher(spare.get_executor(), error, program, arguments, before_exec).detach();
  } catch (...) {
    if (::getpid() != self)
      ::_exit(1);  // thrown in the new process: it must never run on as a second sidecar
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
