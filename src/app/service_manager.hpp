// ServiceManager: tells systemd how the program is (sd_notify(3)): READY, STATUS, RELOADING,
// STOPPING, and the watchdog's sign of life, which says that the loop turns. Without NOTIFY_SOCKET
// it does nothing.
//
// READY comes once the wrapped server can be called, at the latest kReadyAtLatest after start(): a
// server that is slow or broken must not make its sidecar a failed unit, for the sidecar answers
// with the reason meanwhile.
//
// Messages are one datagram each and never block: what the socket does not take is kept and sent
// later, in order, at most kMaxUnsent of them. What finds no place then is said again later if it
// is READY or the status; else it is dropped. Owned by Program; loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "config/sources.hpp"
#include "observe/log.hpp"
#include "util/timers.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::app {

struct ServiceStatus {
  bool usable = false;
  std::string text;  // for people: STATUS=
};

class ServiceManager {
 public:
  static constexpr std::chrono::seconds kReadyAtLatest{10};
  static constexpr std::chrono::milliseconds kLookEvery{250};  // before READY …
  static constexpr std::chrono::seconds kStatusEvery{1};       // … and after
  static constexpr std::chrono::milliseconds kTryAgain{100};
  static constexpr std::size_t kMaxUnsent = 16;

  // NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of `environment`.
  ServiceManager(const config::Environment& environment, Timers& timers, observe::Log& log);

  bool on() const { return static_cast<bool>(socket_); }
  // The program listens. `look` is asked from now on, as often as said above.
  void start(std::function<ServiceStatus()> look);
  // Around a reload. Before READY both say nothing.
  void reloading();
  void reloaded();
  // The way to the end has begun.
  void stopping();

 private:
  void look();
  void ping();
  // False: as many wait already.
  bool send(std::string lines);
  void flush();

  Timers& timers_;
  observe::Log& log_;
  std::string address_;  // as the kernel has it: an abstract one begins with NUL
  UniqueFd socket_;
  std::optional<Clock::duration> ping_every_;
  std::function<ServiceStatus()> look_;
  Clock::time_point started_{};
  bool ready_ = false;
  bool stopping_ = false;
  std::string status_;  // as told
  std::deque<std::string> unsent_;
  Timer look_timer_;
  Timer ping_timer_;
  Timer retry_timer_;
};

}  // namespace sidecar::app
