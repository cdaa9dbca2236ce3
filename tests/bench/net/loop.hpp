// Loop: epoll and timers on one thread. The measuring programs use it instead of Asio to take less
// of the machine that they measure.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <sys/epoll.h>

#include "util/unique_fd.hpp"

namespace sidecar::bench {

using Clock = std::chrono::steady_clock;

class Watcher {
 public:
  virtual ~Watcher() = default;
  // Bits of epoll(7).
  virtual void on_ready(std::uint32_t events) = 0;
};

class Loop {
 public:
  static constexpr std::size_t kScratch = std::size_t{256} << 10;

  // Errors of the kernel are thrown as std::system_error.
  Loop();

  // Level-triggered. `watcher` may be destroyed at any time after forget(), also from an
  // on_ready().
  void watch(int fd, std::uint32_t events, Watcher& watcher);
  void change(int fd, std::uint32_t events, Watcher& watcher);
  void forget(int fd, const Watcher& watcher);

  // Cannot be cancelled: the action must check whether it is still wanted.
  void after(Clock::duration delay, std::function<void()> action);

  // Runs until stop().
  void run();
  void stop() { stopped_ = true; }

  // A buffer for one read, valid until the next read.
  char* scratch() { return scratch_.get(); }

 private:
  int wait_ms() const;
  void run_timers();

  UniqueFd epoll_;
  std::array<epoll_event, 512> ready_{};
  int ready_count_ = 0;
  std::multimap<Clock::time_point, std::function<void()>> timers_;
  std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(kScratch);
  bool stopped_ = false;
};

}  // namespace sidecar::bench
