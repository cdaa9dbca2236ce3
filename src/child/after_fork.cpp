#include "child/after_fork.hpp"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sidecar::child {
namespace {

// For kernels older than 5.11 and sandboxes that forbid close_range. The cap keeps a limit of
// millions from costing seconds; we never have that many open (16,384 connections).
constexpr rlim_t kMaxDescriptors = 65'536;

int highest_descriptor() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = kMaxDescriptors;
  return static_cast<int>(std::min(limit.rlim_cur, kMaxDescriptors));
}

bool close_range(int first, unsigned flags) {
  return ::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, flags) == 0;
}

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

}  // namespace sidecar::child
