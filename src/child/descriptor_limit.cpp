#include "child/descriptor_limit.hpp"

#include <algorithm>
#include <fcntl.h>
#include <limits>
#include <sys/resource.h>
#include <unistd.h>

namespace sidecar::child {
namespace {

constexpr std::uint64_t kChildDescriptors = 4;  // three pipes and its pidfd
// A start in progress, the audit log, and files that are read again.
constexpr std::uint64_t kOtherDescriptors = 24;
// Descriptors that the rest of the start opens.
constexpr std::uint64_t kOpenedAtStart = 16;

}  // namespace

DescriptorLimit raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  const bool raised = ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
  return {before, raised ? limit.rlim_cur : before};
}

std::uint64_t reserved_descriptors(std::size_t children) {
  return std::max(kReservedDescriptors, kOtherDescriptors + kChildDescriptors * children);
}

std::uint64_t first_reserved_descriptor(std::uint64_t reserved) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::uint64_t>::max();
  return limit.rlim_cur - std::min<std::uint64_t>(reserved, limit.rlim_cur / 2);
}

std::uint64_t lowest_free_descriptor() {
  const int lowest = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  if (lowest < 0) return std::numeric_limits<std::uint64_t>::max();
  ::close(lowest);
  return static_cast<std::uint64_t>(lowest);
}

std::uint64_t descriptors_for_connections(std::uint64_t reserved) {
  const std::uint64_t end = first_reserved_descriptor(reserved);
  const std::uint64_t left = end - std::min(lowest_free_descriptor(), end);
  return left - std::min(kOpenedAtStart, left / 2);
}

void set_descriptor_limit(std::uint64_t soft) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = soft;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace sidecar::child
