#include "child/supervisor.hpp"

#include <boost/asio/post.hpp>
#include <cassert>
#include <fmt/format.h>
#include <random>
#include <utility>

namespace sidecar::child {
namespace {

std::function<double()> own_generator() {
  return [generator = std::minstd_rand(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(generator);
  };
}

std::int64_t milliseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

const char* name_of(ChildState state) {
  switch (state) {
    case ChildState::kStarting:
      return "starting";
    case ChildState::kReady:
      return "ready";
    case ChildState::kBackingOff:
      return "backing_off";
    case ChildState::kStopping:
      return "stopping";
    case ChildState::kStopped:
      break;
  }
  return "stopped";
}

Supervisor::Supervisor(const Host& host, SupervisorOptions options)
    : host_(host),
      options_(std::move(options)),
      policy_(options_.restart_delays, options_.random ? options_.random : own_generator()) {
  assert(!options_.process.launch.command.empty());
}

Supervisor::~Supervisor() {
  if (run_.ready) host_.metrics.child_ready.Decrement();
}

void Supervisor::start() {
  assert(events_ != nullptr && state_ == ChildState::kStopped && starts_ == 0);
  state_ = ChildState::kStarting;
  boost::asio::post(host_.loop, alive_.wrap([this] {
    if (state_ == ChildState::kStarting) launch();
  }));
}

void Supervisor::launch() {
  state_ = ChildState::kStarting;
  run_ = {};
  started_at_ = host_.timers.now();
  if (options_.environment) options_.process.launch.environment = options_.environment();
  if (++starts_ > 1) host_.metrics.child_restarts.Increment();
  Result<std::unique_ptr<Process>> process = Process::start(host_, options_.process, *this);
  if (!process) {
    run_.failed = true;
    Exit exit;
    exit.reason = process.error().message;
    return ended(std::move(exit));
  }
  process_ = *std::move(process);
  host_.log.info("child started", {{"child", options_.process.name}, {"pid", process_->pid()}});
  events_->on_child_started();
}

void Supervisor::handshake_sent() {
  if (!running() || run_.ready) return;
  handshake_timer_ = host_.timers.after(options_.handshake_timeout, [this] {
    const std::chrono::duration<double> seconds = options_.handshake_timeout;
    give_up(fmt::format("no answer to the handshake within {} s", seconds.count()));
  });
}

std::optional<LineNumber> Supervisor::send(std::string line) {
  if (!running()) return std::nullopt;
  return process_->input().push(std::move(line));
}

bool Supervisor::can_send(std::size_t size) const {
  return running() && process_->input().can_push(size);
}

bool Supervisor::wants_more() const {
  return running() && process_->input().waiting_bytes() < kLowWater;
}

void Supervisor::handshake_done() {
  if (!running() || run_.ready) return;
  handshake_timer_.cancel();
  run_.ready = true;
  state_ = ChildState::kReady;
  host_.metrics.child_ready.Increment();
}

void Supervisor::handshake_failed(std::string reason) { give_up(std::move(reason)); }

void Supervisor::give_up(std::string reason) {
  if (!running()) return;
  run_.failed = true;
  process_->end(std::move(reason));
}

void Supervisor::on_line_too_long(std::string first, std::string last, std::size_t size) {
  events_->on_child_line_too_long(std::move(first), std::move(last), size);
}

void Supervisor::on_end(Exit exit) {
  handshake_timer_.cancel();
  run_.lived = host_.timers.now() - started_at_;
  process_.reset();
  ended(std::move(exit));
}

void Supervisor::ended(Exit exit) {
  if (run_.ready) host_.metrics.child_ready.Decrement();
  exit.restarts = starts_ - 1;
  exit.final = state_ == ChildState::kStopping || retired_;
  if (exit.final) {
    state_ = ChildState::kStopped;
  } else {
    exit.retry_in = policy_.after(run_);
    state_ = ChildState::kBackingOff;
    if (policy_.failed_starts() > 0) host_.metrics.child_failed_starts.Increment();
    restart_timer_ = host_.timers.after(exit.retry_in, [this] { launch(); });
  }
  exit.failed_starts = policy_.failed_starts();
  run_ = {};
  host_.log.write(exit.final ? observe::LogLevel::kInfo : observe::LogLevel::kWarn, "child ended",
                  {{"child", options_.process.name},
                   {"reason", exit.reason},
                   {"restarts", exit.restarts},
                   {"failed_starts", exit.failed_starts},
                   {"retry_ms", milliseconds(exit.retry_in)}});
  last_exit_ = exit;
  last_exit_->unwritten.clear();
  events_->on_child_exit(std::move(exit));
  if (state_ == ChildState::kStopped) stopped();
}

void Supervisor::stop(std::function<void()> done) {
  on_stopped_.push_back(std::move(done));
  if (process_ != nullptr) {
    state_ = ChildState::kStopping;
    process_->end({});
    return;
  }
  start_no_more();
  boost::asio::post(host_.loop, alive_.wrap([this] { stopped(); }));
}

void Supervisor::retire() {
  retired_ = true;
  if (process_ == nullptr) start_no_more();
}

// REQUIRES: no process runs.
void Supervisor::start_no_more() {
  restart_timer_.cancel();
  state_ = ChildState::kStopped;
}

void Supervisor::kill_now() {
  if (process_ != nullptr && state_ == ChildState::kStopping) process_->kill();
}

void Supervisor::stopped() {
  for (const auto& done : std::exchange(on_stopped_, {})) done();
}

ChildStatus Supervisor::status() const {
  ChildStatus status;
  status.state = state_;
  status.restarts = starts_ > 0 ? starts_ - 1 : 0;
  status.failed_starts = policy_.failed_starts();
  status.last_exit = last_exit_;
  if (process_ != nullptr) {
    status.pid = process_->pid();
    status.uptime = host_.timers.now() - started_at_;
  }
  return status;
}

}  // namespace sidecar::child
