// The program under a service manager: systemd and PM2.
//
// ServiceManager: reports the state of the program to systemd (sd_notify(3)): READY, STATUS,
// RELOADING, STOPPING, and WATCHDOG while the loop runs. Does nothing without NOTIFY_SOCKET. Owned
// by Program; loop thread only.
//
// READY is sent once the wrapped server can be called, at the latest kReadyAtLatest after start():
// a slow or broken server must not fail the unit, because the sidecar answers with the reason.
//
// Each message is one datagram and never blocks. Up to kMaxUnsent messages that the socket does not
// accept are queued and sent later, in order. When the queue is full, READY and STATUS are sent
// again later, all others are dropped.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "config/sources.hpp"
#include "observe/log.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::app {

// PM2 starts several copies of a program with `-i N`, for programs that share a port. Copies of the
// sidecar would compete for it, so all but the first are refused. Errors: one line.
Result<void> check_single(const config::Environment& environment);

struct ServiceStatus {
  bool usable = false;  // the wrapped server can be called
  std::string text;     // STATUS=, for people
};

class ServiceManager {
 public:
  static constexpr std::chrono::seconds kReadyAtLatest{10};
  static constexpr std::chrono::milliseconds kLookEvery{250};  // before READY
  static constexpr std::chrono::seconds kStatusEvery{1};       // after READY
  static constexpr std::chrono::milliseconds kTryAgain{100};
  static constexpr std::size_t kMaxUnsent = 16;

  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  ServiceManager(const config::Environment& environment, Timers& timers, observe::Log& log);

  bool on() const { return static_cast<bool>(socket_); }
  // Call it once the program listens. Polls `look` from now on, every kLookEvery or kStatusEvery.
  void start(std::function<ServiceStatus()> look);
  // Begin and end of a reload. Before READY both send nothing.
  void reloading();
  void reloaded();
  // The shutdown has begun.
  void stopping();

 private:
  void look();
  void ping();
  // False if the queue is full.
  bool send(std::string lines);
  void flush();

  Timers& timers_;
  observe::Log& log_;
  std::string address_;  // for the kernel: an abstract address begins with NUL
  UniqueFd socket_;
  std::optional<Clock::duration> ping_every_;
  std::function<ServiceStatus()> look_;
  Clock::time_point started_{};
  bool ready_ = false;
  bool stopping_ = false;
  std::string status_;  // last sent
  std::deque<std::string> unsent_;
  Timer look_timer_;
  Timer ping_timer_;
  Timer retry_timer_;
};

}  // namespace sidecar::app
