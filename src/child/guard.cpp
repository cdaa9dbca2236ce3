#include "child/guard.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>

#include "child/descendants.hpp"
#include "child/marked_processes.hpp"
#include "child/spawn.hpp"

namespace sidecar::child {
namespace {

constexpr std::size_t kMaxGroups = 4096;
constexpr pid_t kEndsInOrder = 0;  // a message: the sidecar has ended the marked processes itself
constexpr std::chrono::milliseconds kPause{50};

void pause_for(std::chrono::milliseconds time) {
  const timespec request{time.count() / 1000, time.count() % 1000 * 1'000'000};
  ::nanosleep(&request, nullptr);
}

// Sends `signal` to all marked processes. True: none was found.
bool none_marked(std::string_view mark_name, int signal) {
  bool none = true;
  const bool complete = signal_marked(mark_name, [&none, signal](pid_t, std::string_view) {
    none = false;
    return signal;
  });
  return none && complete;
}

void end_marked(std::string_view mark_name, std::chrono::milliseconds term) {
  if (none_marked(mark_name, SIGTERM)) return;
  for (std::chrono::milliseconds waited{0}; waited < term; waited += kPause) {
    pause_for(std::min(kPause, term - waited));
    if (none_marked(mark_name, 0)) return;
  }
  // More than once, because a process may have been forked meanwhile.
  for (std::chrono::milliseconds waited{0}; waited < Descendants::kKillTime; waited += kPause) {
    if (none_marked(mark_name, SIGKILL)) return;
    pause_for(kPause);
  }
}

// The body of the guard process. Nothing here allocates, locks or runs destructors.
[[noreturn]] void keep_guard(int pipe, std::string_view mark_name, std::chrono::milliseconds term) {
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
  bool in_order = mark_name.empty();
  for (;;) {
    // group: add; -group: remove; kEndsInOrder. Writes of up to PIPE_BUF bytes are atomic.
    pid_t message = 0;
    const ssize_t size = ::read(STDIN_FILENO, &message, sizeof message);
    if (size < 0 && errno == EINTR) continue;
    if (size != sizeof message) break;
    if (message == kEndsInOrder) {
      in_order = true;
    } else if (message > 0) {
      if (count < kMaxGroups) groups[count++] = message;
    } else {
      const auto end = groups.begin() + static_cast<std::ptrdiff_t>(count);
      count = static_cast<std::size_t>(std::remove(groups.begin(), end, -message) - groups.begin());
    }
  }
  for (std::size_t i = 0; i < count; ++i) ::kill(-groups[i], SIGKILL);
  if (!in_order) end_marked(mark_name, term);
  ::_exit(0);
}

}  // namespace

Result<Guard> Guard::start(std::string mark_name, std::chrono::milliseconds term) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return fail(fmt::format("cannot start the guard: {}", std::generic_category().message(errno)));
  }
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) keep_guard(read_end.get(), mark_name, term);
  if (pid < 0)
    return fail(fmt::format("cannot start the guard: {}", std::generic_category().message(errno)));
  return Guard(pid, std::move(write_end), std::move(mark_name));
}

Guard::Guard(Guard&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pipe_(std::move(other.pipe_)),
      mark_name_(std::move(other.mark_name_)) {}

Guard::~Guard() {
  if (pid_ <= 0) return;
  send(kEndsInOrder);
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
