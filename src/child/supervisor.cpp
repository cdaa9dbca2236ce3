#include "child/supervisor.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cassert>
#include <fmt/format.h>
#include <random>
#include <utility>

#include "util/encoding.hpp"

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

// "5 min", "90 s", "1.5 s"
std::string spelled(std::chrono::milliseconds time) {
  if (time.count() % 60'000 == 0) return fmt::format("{} min", time.count() / 60'000);
  return fmt::format("{} s", std::chrono::duration<double>(time).count());
}

// While the handshake is not answered, the log says so after kFirstReport, then every kReport.
constexpr std::chrono::seconds kFirstReport{4};
constexpr std::chrono::minutes kReport{1};

// At most so many bytes of the server's text, cut between characters.
std::string cut(std::string text) {
  constexpr std::size_t kMaxBytes = 200;
  constexpr std::string_view kMore = "…";
  if (text.size() <= kMaxBytes) return text;
  std::size_t end = kMaxBytes - kMore.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end).append(kMore);
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
      policy_(options_.restart_delays, options_.random ? options_.random : own_generator()),
      stderr_budget_(host.log, host.timers, options_.log_bytes, options_.process.name, "stderr") {
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
  Result<std::unique_ptr<Process>> process =
      Process::start(host_, options_.process, stderr_budget_, *this);
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
  handshake_at_ = host_.timers.now();
  handshake_timer_ = host_.timers.after(options_.handshake_timeout, [this] {
    give_up(fmt::format("did not answer initialize within {} (MCP_HANDSHAKE_TIMEOUT)",
                        spelled(options_.handshake_timeout)));
  });
  waiting_timer_ = host_.timers.after(kFirstReport, [this] { report_waiting(); });
}

void Supervisor::report_waiting() {
  const auto waited =
      std::chrono::duration_cast<std::chrono::seconds>(host_.timers.now() - handshake_at_);
  host_.log.info("child has not answered initialize yet; is it an MCP server on stdio?",
                 {{"child", options_.process.name},
                  {"seconds", waited.count()},
                  {"MCP_HANDSHAKE_TIMEOUT", spelled(options_.handshake_timeout)}});
  waiting_timer_ = host_.timers.after(kReport, [this] { report_waiting(); });
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
  if (process_ != nullptr && run_.failed) {
    return process_->explain_end(
        "answered initialize only when its stdin was closed: its stdout is buffered; it must flush "
        "it after each message (in Python: PYTHONUNBUFFERED=1)");
  }
  if (!running() || run_.ready) return;
  handshake_timer_.cancel();
  waiting_timer_.cancel();
  run_.ready = true;
  state_ = ChildState::kReady;
  host_.metrics.child_ready.Increment();
}

void Supervisor::handshake_failed(std::string reason, std::string line) {
  if (running()) handshake_error_ = std::move(line);
  give_up(std::move(reason));
}

void Supervisor::give_up(std::string reason) {
  if (!running()) return;
  run_.failed = true;
  handshake_timer_.cancel();
  waiting_timer_.cancel();
  process_->end(std::move(reason));
}

void Supervisor::on_line_too_long(std::string first, std::string last, std::size_t size) {
  events_->on_child_line_too_long(std::move(first), std::move(last), size);
}

void Supervisor::on_end(Exit exit) {
  handshake_timer_.cancel();
  waiting_timer_.cancel();
  if (std::string line = std::exchange(handshake_error_, {}); !line.empty())
    exit.error_line = std::move(line);
  if (options_.masked) exit.error_line = options_.masked(std::move(exit.error_line));
  std::replace(exit.error_line.begin(), exit.error_line.end(), '\n', ' ');
  exit.error_line = cut(escaped(exit.error_line));
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
  const std::string reason =
      exit.error_line.empty() ? exit.reason : fmt::format("{}: {}", exit.reason, exit.error_line);
  host_.log.write(exit.final ? observe::LogLevel::kInfo : observe::LogLevel::kWarn, "child ended",
                  {{"child", options_.process.name},
                   {"reason", reason},
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
