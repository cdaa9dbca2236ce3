#include "child/guard.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>

#include "child/spawn.hpp"

namespace sidecar::child {
namespace {

constexpr std::size_t kMaxGroups = 4096;

// The body of the guard process. Nothing here allocates, locks or runs destructors.
[[noreturn]] void keep_guard(int pipe) {
  ::setsid();
  ::prctl(PR_SET_NAME, "sidecar-guard");
  set_all_signals(SIG_IGN);
  unblock_signals();
  // Closes every descriptor but the pipe. An inherited pipe of a shell or test would otherwise stay
  // open.
  ::dup2(pipe, STDIN_FILENO);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(null, STDERR_FILENO);
  close_from(STDERR_FILENO + 1);

  static std::array<pid_t, kMaxGroups> groups;
  std::size_t count = 0;
  for (;;) {
    pid_t message = 0;  // group: add; -group: remove. Writes of up to PIPE_BUF bytes are atomic.
    const ssize_t size = ::read(STDIN_FILENO, &message, sizeof message);
    if (size < 0 && errno == EINTR) continue;
    if (size != sizeof message) break;
    if (message > 0) {
      if (count < kMaxGroups) groups[count++] = message;
    } else {
      const auto end = groups.begin() + static_cast<std::ptrdiff_t>(count);
      count = static_cast<std::size_t>(std::remove(groups.begin(), end, -message) - groups.begin());
    }
  }
  for (std::size_t i = 0; i < count; ++i) ::kill(-groups[i], SIGKILL);
  ::_exit(0);
}

}  // namespace

Result<Guard> Guard::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(fmt::format("cannot start the guard: {}", std::generic_category().message(errno)));
  }
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) keep_guard(read_end.get());
  if (pid < 0)
    return fail(fmt::format("cannot start the guard: {}", std::generic_category().message(errno)));
  return Guard(pid, std::move(write_end));
}

Guard::Guard(Guard&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pipe_(std::move(other.pipe_)) {}

Guard::~Guard() {
  if (pid_ <= 0) return;
  pipe_.reset();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool Guard::send(pid_t message) const noexcept {
  ssize_t size = 0;
  do {
    size = ::write(pipe_.get(), &message, sizeof message);
  } while (size < 0 && errno == EINTR);
  return size == sizeof message;
}

}  // namespace sidecar::child
