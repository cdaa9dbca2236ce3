#include "child/exit_text.hpp"

#include <array>
#include <csignal>
#include <fmt/format.h>
#include <sys/wait.h>

namespace sidecar::child {
namespace {

struct SignalName {
  int number;
  const char* name;
};

// Those that end a process by default. sigabbrev_np() knows them too, but musl has no such
// function.
constexpr std::array kSignalNames{
    SignalName{SIGHUP, "SIGHUP"},   SignalName{SIGINT, "SIGINT"},   SignalName{SIGQUIT, "SIGQUIT"},
    SignalName{SIGILL, "SIGILL"},   SignalName{SIGTRAP, "SIGTRAP"}, SignalName{SIGABRT, "SIGABRT"},
    SignalName{SIGBUS, "SIGBUS"},   SignalName{SIGFPE, "SIGFPE"},   SignalName{SIGKILL, "SIGKILL"},
    SignalName{SIGUSR1, "SIGUSR1"}, SignalName{SIGSEGV, "SIGSEGV"}, SignalName{SIGUSR2, "SIGUSR2"},
    SignalName{SIGPIPE, "SIGPIPE"}, SignalName{SIGALRM, "SIGALRM"}, SignalName{SIGTERM, "SIGTERM"},
    SignalName{SIGXCPU, "SIGXCPU"}, SignalName{SIGXFSZ, "SIGXFSZ"}, SignalName{SIGSYS, "SIGSYS"},
};

}  // namespace

std::string exit_text(int status) {
  if (status == kStatusUnknown) return "ended in an unknown way";
  if (WIFEXITED(status)) return fmt::format("exited with code {}", WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  for (const SignalName& signal : kSignalNames) {
    if (signal.number == number)
      return fmt::format("killed by signal {} ({})", number, signal.name);
  }
  return fmt::format("killed by signal {}", number);
}

}  // namespace sidecar::child
