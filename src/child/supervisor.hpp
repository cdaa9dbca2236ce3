// Supervisor: keeps one child running: starts it, restarts it when it ends, and ends it at stop().
// Knows lines, starts and exits. Of the handshake it knows only what its owner reports: sent,
// answered, failed. One supervisor is one instance; a pool holds several. Built by app; the
// references outlive it. Loop thread only.
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

struct SupervisorOptions : config::SupervisorSettings {
  ProcessOptions process;
  // Called before each start; returns the environment of the process. Empty: process.launch's is
  // used.
  std::function<std::vector<std::string>()> environment{};
  std::function<double()> random{};  // uniform in [0, 1), for jitter; empty: a private generator
  // Masks secrets of the sidecar in text of the child that callers may see; empty: there are none.
  std::function<std::string(std::string)> masked{};
};

const char* name_of(ChildState state);  // "starting", "ready", "backing_off", …

class Supervisor : public ManagedChild, private ProcessEvents {
 public:
  Supervisor(const Host& host, SupervisorOptions options);
  // Kills the process group if one runs, without waiting.
  ~Supervisor() override;

  // ManagedChild
  void set_events(ChildEvents& events) override { events_ = &events; }
  void start() override;
  void stop(std::function<void()> done) override;
  void kill_now() override;
  void retire() override;
  ChildStatus status() const override;

  // ChildLink
  std::optional<LineNumber> send(std::string line) override;
  bool can_send(std::size_t size) const override;
  bool wants_more() const override;
  bool running() const override { return process_ != nullptr && process_->usable(); }
  void handshake_sent() override;
  void handshake_done() override;
  void handshake_failed(std::string reason, std::string line) override;
  void note_answer() override { run_.answered = true; }
  void note_stray_output(std::string_view line) override {
    if (process_ != nullptr) process_->note_stray_output(line);
  }

 private:
  void on_line(std::string line) override { events_->on_child_line(std::move(line)); }
  void on_line_too_long(std::string first, std::string last, std::size_t size) override;
  void on_writable() override { events_->on_child_writable(); }
  void on_end(Exit exit) override;
  void launch();
  void give_up(std::string reason);
  void report_waiting();
  void ended(Exit exit);
  void start_no_more();
  void stopped();

  Host host_;
  SupervisorOptions options_;
  ChildEvents* events_ = nullptr;
  RestartPolicy policy_;
  ChildState state_ = ChildState::kStopped;
  bool retired_ = false;
  observe::LogBudget stderr_budget_;  // of all its processes
  std::unique_ptr<Process> process_;
  Run run_;                      // of process_
  std::string handshake_error_;  // the words of process_, if its handshake failed
  Clock::time_point handshake_at_{};
  Clock::time_point started_at_{};
  unsigned starts_ = 0;
  std::optional<Exit> last_exit_;
  Timer restart_timer_;
  Timer handshake_timer_;
  Timer waiting_timer_;  // until the log says again that the handshake is not answered
  std::vector<std::function<void()>> on_stopped_;
  AliveToken alive_;
};

}  // namespace sidecar::child
