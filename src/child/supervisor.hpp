// Supervisor: keeps one child running: starts it, restarts it when it ends, ends it for good on stop().
// Knows lines, starts and ends; of the handshake only whether and when it was answered (its owner says so).
// One supervisor is one instance: a pool holds several. Built by app; the references outlive it. Loop thread
// only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "child/host.hpp"
#include "child/link.hpp"
#include "child/process.hpp"
#include "child/restart_policy.hpp"

namespace sidecar::child {

struct SupervisorOptions {
  ProcessOptions process;
  std::chrono::milliseconds handshake_timeout{60'000};
  RestartPolicy::Delays restart_delays;
  std::function<double()> random;  // uniform in [0, 1), for jitter; empty: a generator of its own
};

enum class ChildState { kStarting, kReady, kBackingOff, kStopping, kStopped };
const char* name_of(ChildState state);  // "starting", "ready", "backing_off", …

struct ChildStatus {
  ChildState state = ChildState::kStopped;
  pid_t pid = -1;              // -1: none runs
  unsigned restarts = 0;       // starts after the first
  unsigned failed_starts = 0;  // consecutive ones, so far
  Clock::duration uptime{};    // of the process that runs
  std::optional<Exit> last_exit;
};

class Supervisor : public ChildLink, private ProcessEvents {
 public:
  Supervisor(const Host& host, SupervisorOptions options);
  // Kills the process if one runs, without waiting.
  ~Supervisor() override;

  // REQUIRES: called before start(); `events` outlives this.
  void set_events(ChildEvents& events) { events_ = &events; }
  // The first start comes in the next loop turn. REQUIRES: called once.
  void start();
  // Ends the child by the ladder (3 s at most by default) and starts no other. `done` is called from the
  // loop, once nothing of it runs. May be called again, also while it stops.
  void stop(std::function<void()> done);
  // After stop(): KILL at once, for the second TERM or INT.
  void kill_now();
  ChildStatus status() const;

  // ChildLink
  std::optional<LineNumber> send(std::string line) override;
  bool can_send(std::size_t size) const override;
  bool running() const override { return process_ != nullptr && process_->usable(); }
  void handshake_done() override;
  void handshake_failed(std::string reason) override;
  void note_answer() override { run_.answered = true; }

 private:
  void on_line(std::string line) override { events_->on_child_line(std::move(line)); }
  void on_line_too_long(std::string first, std::string last, std::size_t size) override;
  void on_end(Exit exit) override;
  void launch();
  void give_up(std::string reason);
  void ended(Exit exit);
  void stopped();

  Host host_;
  SupervisorOptions options_;
  ChildEvents* events_ = nullptr;
  RestartPolicy policy_;
  ChildState state_ = ChildState::kStopped;
  std::unique_ptr<Process> process_;
  Run run_;  // of process_
  Clock::time_point started_at_{};
  unsigned starts_ = 0;
  std::optional<Exit> last_exit_;
  Timer restart_timer_;
  Timer handshake_timer_;
  std::vector<std::function<void()>> on_stopped_;
  Lifeline lifeline_;
};

}  // namespace sidecar::child
