// FakeLink: a child that a test plays by hand. Records the lines sent to it and the calls of its
// owner.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "child/link.hpp"

namespace sidecar::test {

class FakeLink : public child::ManagedChild {
 public:
  explicit FakeLink(std::string its_name = "child") : name(std::move(its_name)) {}
  ~FakeLink() override {
    if (on_destroyed) on_destroyed();
  }

  std::optional<child::LineNumber> send(std::string line) override {
    if (!up || !can_send(line.size())) return std::nullopt;
    sent.push_back(std::move(line));
    return ++number;
  }
  bool can_send(std::size_t size) const override { return up && size <= room; }
  bool wants_more() const override { return up && wants; }
  bool running() const override { return up; }
  void handshake_sent() override { ++handshakes_sent; }
  void handshake_done() override { ++handshakes; }
  void handshake_failed(std::string reason, std::string line) override {
    failed_handshake = std::move(reason);
    handshake_error = std::move(line);
  }
  void note_answer() override { ++answers; }
  void note_stray_output(std::string_view line) override { stray.emplace_back(line); }

  void set_events(child::ChildEvents& its_events) override { events = &its_events; }
  void start() override {
    started = true;
    state = child::ChildState::kStarting;
  }
  void stop(std::function<void()> done) override {
    state = up ? child::ChildState::kStopping : child::ChildState::kStopped;
    stopping.push_back(std::move(done));
  }
  void kill_now() override { killed = true; }
  void retire() override { retired = true; }
  child::ChildStatus status() const override {
    child::ChildStatus status;
    status.state = state;
    status.failed_starts = failed_starts;
    status.last_exit = last_exit;
    return status;
  }

  // Its process runs.
  void come_up() {
    up = true;
    number = 0;
    state = child::ChildState::kStarting;
    events->on_child_started();
  }
  void say(std::string line) {
    line.reserve(line.size() + 64);
    events->on_child_line(std::move(line));
  }
  // The end after stop().
  void finish_stop() {
    up = false;
    state = child::ChildState::kStopped;
    for (const auto& done : std::exchange(stopping, {})) done();
  }
  // The next line that was sent; empty if there is none.
  std::string next() {
    if (sent.empty()) return {};
    std::string line = std::move(sent.front());
    sent.pop_front();
    return line;
  }

  std::string name;
  child::ChildEvents* events = nullptr;
  child::ChildState state = child::ChildState::kStopped;
  unsigned failed_starts = 0;
  std::optional<child::Exit> last_exit;
  bool up = false;
  std::size_t room = 1 << 20;
  bool wants = true;
  child::LineNumber number = 0;
  std::deque<std::string> sent;
  int handshakes_sent = 0;
  int handshakes = 0;
  int answers = 0;
  std::vector<std::string> stray;
  std::string failed_handshake;
  std::string handshake_error;
  bool started = false;
  bool retired = false;
  bool killed = false;
  std::vector<std::function<void()>> stopping;  // callbacks of stop()
  std::function<void()> on_destroyed;
};

// Makes FakeLinks and lists the living ones. Outlives them.
class FakeLinks {
 public:
  child::ChildFactory factory() {
    return [this](std::string name) {
      auto link = std::make_unique<FakeLink>(std::move(name));
      all.push_back(link.get());
      link->on_destroyed = [this, gone = link.get()] { std::erase(all, gone); };
      ++made;
      return link;
    };
  }
  bool lives(const FakeLink* link) const {
    return std::find(all.begin(), all.end(), link) != all.end();
  }

  std::vector<FakeLink*> all;  // oldest first
  std::size_t made = 0;        // includes destroyed ones
};

}  // namespace sidecar::test
