#include "demo/stdio.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace sidecar::demo {
namespace {

using Clock = std::chrono::steady_clock;

int poll_timeout(std::optional<Clock::time_point> due) {
  if (!due) return -1;
  // Rounded up, because poll() would otherwise wake just before the deadline and spin.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace

Stdio::Read Stdio::read_lines(std::optional<Clock::time_point> due,
                              const std::function<void(std::string_view)>& on_line,
                              const std::function<void()>& on_too_long) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  const int ready = poll(&input, 1, poll_timeout(due));
  if (ready == 0) return Read::kDeadline;
  if (ready < 0) return errno == EINTR ? Read::kDeadline : Read::kEnd;

  std::array<char, 65536> buffer;
  const ssize_t size = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return Read::kDeadline;
  if (size <= 0) {
    if (!input_.empty()) on_line(input_);
    input_.clear();
    return Read::kEnd;
  }
  std::string_view fresh(buffer.data(), static_cast<std::size_t>(size));
  for (auto end = fresh.find('\n'); end != fresh.npos; end = fresh.find('\n')) {
    if (input_.empty()) {
      if (!skipping_) on_line(fresh.substr(0, end));
    } else {
      input_.append(fresh.substr(0, end));
      on_line(input_);
      input_.clear();
    }
    skipping_ = false;
    fresh.remove_prefix(end + 1);
  }
  if (skipping_) return Read::kData;
  input_.append(fresh);
  if (input_.size() > kMaxLine) {
    input_ = {};
    skipping_ = true;
    on_too_long();
  }
  return Read::kData;
}

void Stdio::write_line(std::string_view line) { output_.append(line).push_back('\n'); }

bool Stdio::flush() {
  std::string_view left = output_;
  while (!left.empty()) {
    const ssize_t written = write(STDOUT_FILENO, left.data(), left.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return false;
      pollfd output{STDOUT_FILENO, POLLOUT, 0};
      poll(&output, 1, -1);
      continue;
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  output_.clear();
  return true;
}

}  // namespace sidecar::demo
