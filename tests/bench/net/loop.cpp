#include "bench/net/loop.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sidecar::bench {
namespace {

void check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) { check(epoll_.get(), "epoll_create1"); }

void Loop::watch(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  check(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

void Loop::change(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  check(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event), "epoll_ctl");
}

void Loop::forget(int fd, const Watcher& watcher) {
  check(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr), "epoll_ctl");
  for (int i = 0; i < ready_count_; ++i) {
    if (ready_[static_cast<std::size_t>(i)].data.ptr == &watcher)
      ready_[static_cast<std::size_t>(i)].data.ptr = nullptr;
  }
}

void Loop::after(Clock::duration delay, std::function<void()> action) {
  timers_.emplace(Clock::now() + delay, std::move(action));
}

int Loop::wait_ms() const {
  if (timers_.empty()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void Loop::run_timers() {
  while (!stopped_ && !timers_.empty() && timers_.begin()->first <= Clock::now()) {
    auto timer = timers_.extract(timers_.begin());
    timer.mapped()();
  }
}

void Loop::run() {
  stopped_ = false;
  while (!stopped_) {
    ready_count_ =
        epoll_wait(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()), wait_ms());
    if (ready_count_ < 0 && errno != EINTR) check(-1, "epoll_wait");
    for (int i = 0; i < ready_count_ && !stopped_; ++i) {
      const epoll_event event = ready_[static_cast<std::size_t>(i)];
      if (event.data.ptr != nullptr) static_cast<Watcher*>(event.data.ptr)->on_ready(event.events);
    }
    ready_count_ = 0;
    run_timers();
  }
}

}  // namespace sidecar::bench
