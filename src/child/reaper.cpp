#include "child/reaper.hpp"

#include <csignal>
#include <sys/wait.h>

namespace sidecar::child {

Reaper::Reaper(boost::asio::io_context& loop) : signals_(loop, SIGCHLD) {
  // Asio installs its handler without SA_RESTART, so each SIGCHLD would interrupt a blocking write
  // of the log's thread.
  struct sigaction action {};
  ::sigaction(SIGCHLD, nullptr, &action);
  action.sa_flags |= SA_RESTART | SA_NOCLDSTOP;
  ::sigaction(SIGCHLD, &action, nullptr);
  wait_for_signal();
  sweep();  // as PID 1 the program may have adopted zombies before
}

void Reaper::disown(pid_t pid) {
  // Its zombie may have hidden others from sweep(), which sees only one until that is collected.
  if (owned_.erase(pid) != 0) sweep();
}

void Reaper::wait_for_signal() {
  signals_.async_wait(alive_.wrap([this](const boost::system::error_code& error, int) {
    if (error) return;
    sweep();
    wait_for_signal();
  }));
}

void Reaper::sweep() {
  for (;;) {
    siginfo_t info{};
    // WNOWAIT leaves the zombie, because its pid decides whether the reaper may collect it.
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    // The kernel reports the same zombie until it is collected; disown() sweeps again afterwards.
    if (owned_.contains(info.si_pid)) return;
    ::waitpid(info.si_pid, nullptr, WNOHANG);
    ++adopted_;
  }
}

}  // namespace sidecar::child
