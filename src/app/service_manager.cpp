#include "app/service_manager.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <time.h>
#include <unistd.h>

#include "config/text.hpp"

namespace sidecar::app {
namespace {

constexpr std::chrono::milliseconds kMinPing{1};
constexpr std::chrono::hours kMaxPing{1};

std::string_view value_of(const config::Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view() : found->second;
}

// The address of the socket; nothing if its kind is unknown.
std::optional<std::string> address_of(std::string_view name) {
  if (name.size() < 2 || name.size() >= sizeof(sockaddr_un::sun_path)) return std::nullopt;
  if (name.front() != '/' && name.front() != '@') return std::nullopt;
  std::string address(name);
  if (address.front() == '@') address.front() = '\0';
  return address;
}

// Half of the interval that systemd allows between two pings.
std::optional<Clock::duration> ping_interval(const config::Environment& environment) {
  const std::string_view text = value_of(environment, "WATCHDOG_USEC");
  const std::string_view pid = value_of(environment, "WATCHDOG_PID");
  if (!pid.empty() && pid != std::to_string(::getpid())) return std::nullopt;
  std::int64_t microseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), microseconds);
  if (error != std::errc() || end != text.data() + text.size() || microseconds <= 0)
    return std::nullopt;
  const std::chrono::microseconds half(microseconds / 2);
  return std::clamp<std::chrono::microseconds>(half, kMinPing, kMaxPing);
}

// STATUS= is one line.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  return text;
}

std::int64_t monotonic_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace

// PM2 sets `pm_id` for every process, and numbers the copies of one program from 0 in
// NODE_APP_INSTANCE, or in the variable that `instance_var` names.
Result<void> check_single(const config::Environment& environment) {
  if (value_of(environment, "pm_id").empty()) return {};
  std::string_view variable = value_of(environment, "instance_var");
  if (variable.empty()) variable = "NODE_APP_INSTANCE";
  const std::string_view copy = value_of(environment, variable);
  if (copy.empty() || copy == "0") return {};
  return fail(fmt::format(
      "PM2 started several copies ({}={}), which cannot share one port: one mcp-sidecar serves all "
      "clients; without -i, and with --instances N it runs several wrapped servers",
      variable, config::shown(copy)));
}

ServiceManager::ServiceManager(const config::Environment& environment, Timers& timers,
                               observe::Log& log)
    : timers_(timers), log_(log) {
  const std::string_view name = value_of(environment, "NOTIFY_SOCKET");
  if (name.empty()) return;
  const auto address = address_of(name);
  if (!address) {
    log_.warn("NOTIFY_SOCKET is not a usable address; systemd is not notified",
              {{"address", name}});
    return;
  }
  address_ = *address;
  socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ping_every_ = ping_interval(environment);
}

void ServiceManager::start(std::function<ServiceStatus()> look) {
  if (!on()) return;
  look_ = std::move(look);
  started_ = timers_.now();
  this->look();
  if (ping_every_) ping();
}

void ServiceManager::look() {
  const ServiceStatus now = look_();
  const bool becomes_ready =
      !ready_ && !stopping_ && (now.usable || timers_.now() - started_ >= kReadyAtLatest);
  std::string lines = becomes_ready ? "READY=1\n" : "";
  if (now.text != status_) lines += "STATUS=" + one_line(now.text);
  if (!lines.empty() && send(std::move(lines))) {
    ready_ = ready_ || becomes_ready;
    status_ = now.text;
  }
  look_timer_ =
      timers_.after(ready_ ? Clock::duration(kStatusEvery) : kLookEvery, [this] { this->look(); });
}

void ServiceManager::ping() {
  if (unsent_.empty()) send("WATCHDOG=1");  // a delayed ping would be wrong
  ping_timer_ = timers_.after(*ping_every_, [this] { ping(); });
}

// systemd 253 and newer need the time, to distinguish reloads (Type=notify-reload).
void ServiceManager::reloading() {
  if (ready_ && !stopping_)
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_microseconds()));
}

void ServiceManager::reloaded() {
  if (ready_ && !stopping_) ready_ = send("READY=1");  // otherwise look() sends it
}

void ServiceManager::stopping() {
  if (!on() || stopping_) return;
  stopping_ = true;
  send("STOPPING=1");
}

bool ServiceManager::send(std::string lines) {
  if (unsent_.size() >= kMaxUnsent) return false;
  unsent_.push_back(std::move(lines));
  if (unsent_.size() == 1) flush();
  return true;
}

void ServiceManager::flush() {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  while (!unsent_.empty()) {
    const std::string& lines = unsent_.front();
    const auto* address = reinterpret_cast<const sockaddr*>(&to);
    if (::sendto(socket_.get(), lines.data(), lines.size(), MSG_NOSIGNAL, address, size) < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == ENOBUFS) {
        retry_timer_ = timers_.after(kTryAgain, [this] { flush(); });
        return;
      }
      log_.warn("message to systemd failed",
                {{"message", lines}, {"reason", std::generic_category().message(errno)}});
    }
    unsent_.pop_front();
  }
}

}  // namespace sidecar::app
